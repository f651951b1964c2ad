"""Which pictures of a listing a run needs: splits that are missing are held out, and all are cut to
the requested sizes, before anything is decoded.
"""

from dataclasses import dataclass

import numpy as np

from rft_core.engine.data.copies import UNREADABLE, first_of_each, has_copies
from rft_core.engine.data.dataset import Request, holdout, stratified_indices
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.files.layout import require_images, require_two

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1
HELD_OUT = (("test", TEST_SHARE, 0), ("validation", VALIDATION_SHARE, 1))
VALIDATION_DRAW = 3


@dataclass(frozen=True)
class Plan:
    """The pictures to decode: three splits and the other domains, and notes on how they were
    chosen.
    """

    train: Pictures
    validation: Pictures
    test: Pictures
    others: dict[str, Pictures]
    notes: tuple[str, ...]

    @property
    def parts(self) -> list[Pictures]:
        """Every split in a fixed order: train, validation, test, the other domains."""
        return [self.train, self.validation, self.test, *self.others.values()]


def plan_splits(listing: Listing, request: Request) -> Plan:
    """Return the pictures of `listing` that `request` needs. No draw depends on a run's seed.

    Pictures of a group (Pictures.groups) are never in two splits that are drawn here.

    They are cut as Dataset.limited cuts, and validation to at most `train_size`. Raises DataError
    for fewer than two classes and for too few images to hold any out.
    """
    require_two(listing.name, listing.class_names)
    splits, notes = _held_out(listing)
    notes += _copies_note(listing)
    others = {
        name: _cut(pictures, request.shift_size, seed=2)
        for name, pictures in listing.others.items()
    }
    return Plan(
        train=_cut(splits["train"], request.train_size, seed=0),
        validation=_cut(splits["validation"], request.train_size, seed=VALIDATION_DRAW),
        test=_cut(splits["test"], request.eval_size, seed=1),
        others=others,
        notes=tuple(notes),
    )


def _held_out(listing: Listing) -> tuple[dict[str, Pictures], list[str]]:
    train, splits = listing.train, dict[str, Pictures]()
    for kind, pictures in (("test", listing.test), ("validation", listing.validation)):
        if pictures is not None:
            splits[kind] = pictures
    missing = [kind for kind, _, _ in HELD_OUT if kind not in splits]
    notes = _check_counts(listing, missing)
    for kind, share, seed in HELD_OUT:
        if kind in missing:
            kept, held = holdout(train.labels, share, seed, train.groups)
            splits[kind], train = train.take(held), train.take(kept)
            notes.append(
                f"no {kind} split: {len(held):,} images ({share:.0%}, stratified, seeded) were held"
                " out of training"
            )
    return splits | {"train": train}, notes


def _copies_note(listing: Listing) -> list[str]:
    groups = listing.given.train.groups
    if not has_copies(groups):
        return []
    counts = np.bincount(groups[groups != UNREADABLE])
    return [
        f"{(counts > 1).sum():,} pictures occur in the files more than once"
        f" ({counts[counts > 1].sum():,} images, equal pixel for pixel); the copies of each were"
        " kept in one split"
    ]


def _check_counts(listing: Listing, missing: list[str]) -> list[str]:
    labels, groups, kind = listing.train.labels, listing.train.groups, "images"
    if has_copies(groups):
        readable = groups != UNREADABLE
        labels = labels[readable][first_of_each(groups[readable])[0]]
        kind = "different images (copies counted once)"
    counts = np.bincount(labels, minlength=len(listing.class_names))
    require_images(listing.name, int(counts.max()), 1 + len(missing), kind)
    single = int((counts == 1).sum()) if "test" in missing else 0
    if not single:
        return []
    return [
        f"{single:,} {'class has' if single == 1 else 'classes have'} a single image;"
        f" {'it is' if single == 1 else 'they are'} trained on but not measured"
    ]


def _cut(pictures: Pictures, size: int | None, seed: int) -> Pictures:
    if size is None or size >= len(pictures):
        return pictures
    return pictures.take(stratified_indices(pictures.labels, size, seed))
