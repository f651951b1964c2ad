"""The papers' splits, as functions on labels alone.

Which sizes are exact and which draws are ours:

- Caltech-256 (Ngnawé et al., after Hua et al.): 60 images a class, of which 3 are validation, the rest is the test split:
  14,649 / 771 / 15,187. The sizes are exact; the draw is ours.
- CUB-200-2011 (the same): 3 of the official training images of each class are validation: 5,394 / 600 / 5,794. Sizes exact, draw ours.
- Stanford Dogs (the same): 10 of the official 100 training images of each class: 10,800 / 1,200 / 8,580. The hub's copy that the
  tradeoff paper used is split otherwise (70 : 30), so only the share of one in ten carries over to it.
- Stanford Cars (after Heuillet et al.): 85 : 15 of the official training split, stratified, by scikit-learn with seed 42: 6,922 / 1,222.
  Function and seed are exact, for files in the official order.
- FGVC-Aircraft: the official splits, 3,334 / 3,333 / 3,333.
- Cars and Aircraft are measured on 1,000 test images: data.eval_size=1000. That the paper did so is inferred from its
  accuracies, all of one decimal; the stratified draw is ours.
- The tradeoff paper (Li et al.) holds out 10 % of training, unseeded and unstratified. Ours is what `decode` does where a
  split is missing: 10 % of each class, seeded.

GTSRB comes as tracks of up to 30 frames of one sign; validation takes whole tracks, else it would measure pictures that
training has all but seen.
"""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from sklearn.model_selection import train_test_split

from rft_core.engine.data.dataset import holdout
from rft_core.engine.data.listing import Listing
from rft_core.errors import DataError

CALTECH_TRAIN, CALTECH_VALIDATION = 57, 3
CARS_SHARE, CARS_SEED = 0.15, 42
TENTH = 0.1


def with_protocol(listing: Listing) -> Listing:
    """Return `listing` split as the papers split it, where they did so by a rule that is known; else as it is."""
    rule = PROTOCOLS.get(listing.name)
    return rule(listing) if rule and listing.validation is None else listing


def per_class(labels: np.ndarray, counts: tuple[int, ...], seed: int) -> list[np.ndarray]:
    """Return `counts[i]` indices of each class for each i, and all others as the last part; seeded, each sorted.

    Raises DataError when a class has not more images than the counts need.
    """
    generator, needed = np.random.default_rng(seed), sum(counts)
    parts: list[list[np.ndarray]] = [[] for _ in range(len(counts) + 1)]
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        if len(members) <= needed:
            raise DataError(f"class number {label} has {len(members)} images, and the paper's split needs more than {needed} of each; the copy is incomplete")
        for part, chosen in zip(parts, np.split(members, np.cumsum(counts))):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]


def by_share(labels: np.ndarray, share: float, seed: int) -> list[np.ndarray]:
    """Return (kept, held out) indices as scikit-learn's train_test_split draws them, stratified by `labels`."""
    kept, held = train_test_split(np.arange(len(labels)), test_size=share, random_state=seed, stratify=labels)
    return [np.sort(kept), np.sort(held)]


def by_group(labels: np.ndarray, groups: np.ndarray, share: float, seed: int) -> list[np.ndarray]:
    """Return (kept, held out) indices with every group, such as the frames of one track, on one side; stratified and seeded."""
    _, firsts, group_of = np.unique(groups, return_index=True, return_inverse=True)
    kept, held = holdout(labels[firsts], share, seed)
    return [np.flatnonzero(np.isin(group_of, one)) for one in (kept, held)]


def _caltech256(listing: Listing) -> Listing:
    train, validation, test = per_class(listing.train.labels, (CALTECH_TRAIN, CALTECH_VALIDATION), seed=0)
    note = f"split as in the schedule paper: {len(train):,} / {len(validation):,} / {len(test):,}, 57 and 3 images a class and the rest; the draw is ours"
    everything = listing.train
    return _noted(replace(listing, train=everything.take(train), validation=everything.take(validation), test=everything.take(test)), note)


def _cub200(listing: Listing) -> Listing:
    held, kept = per_class(listing.train.labels, (3,), seed=0)
    return _held(listing, kept, held, "3 images a class, as many as in the schedule paper; the draw is ours")


def _stanford_cars(listing: Listing) -> Listing:
    return _held(listing, *by_share(listing.train.labels, CARS_SHARE, CARS_SEED), "15 %, stratified, seed 42, as in the schedule paper's protocol")


def _gtsrb(listing: Listing) -> Listing:
    tracks = np.array([name.rpartition("_")[0] for name in listing.train.names])
    return _held(listing, *by_group(listing.train.labels, tracks, TENTH, seed=1), "10 %, stratified, seeded, by whole tracks of frames")


def _held(listing: Listing, kept: np.ndarray, held: np.ndarray, how: str) -> Listing:
    note = f"no validation split: {len(held):,} images were held out of training ({how})"
    return _noted(replace(listing, train=listing.train.take(kept), validation=listing.train.take(held)), note)


def _noted(listing: Listing, note: str) -> Listing:
    return replace(listing, notes=(*listing.notes, note))


Rule = Callable[[Listing], Listing]
PROTOCOLS: MappingProxyType[str, Rule] = MappingProxyType(
    {
        "caltech256": _caltech256,
        "cub200": _cub200,
        "efekankavalci/CUB_200_2011": _cub200,
        "stanford_cars": _stanford_cars,
        "tanganke/stanford_cars": _stanford_cars,
        "gtsrb": _gtsrb,
    }
)
