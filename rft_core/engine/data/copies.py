"""Pictures with the same pixels: found, kept in one split where splits are drawn here, and counted
elsewhere.

Two pictures are the same if their pixels are equal at the size the run uses, whatever their files.
They are found by a hash of the pixels, so that the time grows with the number of pictures and not
with its square.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TypeGuard

import numpy as np

from rft_core.errors import DataError

DIGEST_BYTES = 16
UNREADABLE = -1
SPLITS = ("train", "validation", "test")
OTHERS = "train_others"


def pixel_digest(pixels: np.ndarray) -> bytes:
    """Return a hash of the pixels of one picture (3, S, S) uint8."""
    return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=DIGEST_BYTES).digest()


def group_digests(digests: Sequence[bytes | None]) -> np.ndarray:
    """Return a number for each picture (N,) int64, the same for the same digest; UNREADABLE for
    None.
    """
    numbers: dict[bytes, int] = {}
    return np.array(
        [
            UNREADABLE if digest is None else numbers.setdefault(digest, len(numbers))
            for digest in digests
        ],
        dtype=np.int64,
    )


def count_shared(digests: Mapping[str, Sequence[bytes]]) -> dict[str, int]:
    """Return for each pair of splits how many images of the second are also in the first, such as
    {"train_test": 46}.

    `digests` holds the hashes of "train", "validation", "test" and of the other domains by name;
    what other domains share with training is added up as "train_others".
    """
    sets = {name: set(values) for name, values in digests.items()}
    shared = {
        f"{first}_{second}": _count(digests[second], sets[first])
        for first, second in combinations(SPLITS, 2)
    }
    if others := [name for name in digests if name not in SPLITS]:
        shared[OTHERS] = sum(_count(digests[name], sets["train"]) for name in others)
    return shared


def _count(digests: Iterable[bytes], others: set[bytes]) -> int:
    return sum(digest in others for digest in digests)


def has_copies(groups: np.ndarray | None) -> TypeGuard[np.ndarray]:
    """Return whether any two pictures share a group; pictures that cannot be read have none."""
    if groups is None:
        return False
    readable = groups[groups != UNREADABLE]
    return len(np.unique(readable)) < len(readable)


def numbered_apart(groups: np.ndarray) -> np.ndarray:
    """Return `groups` with a number of its own for each picture that cannot be read."""
    lost = groups == UNREADABLE
    apart = groups.copy()
    apart[lost] = groups.max(initial=0) + 1 + np.arange(lost.sum())
    return apart


def first_of_each(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the first picture of each group, ascending, and for every picture the
    rank of its group among them.
    """
    _, firsts, inverse = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return firsts[order], rank[inverse]


def merge_groups(names: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return group numbers (N,) such that pictures with the same name or the same number share a
    group, directly or through other pictures.

    Where no two names are linked, the numbers are the ranks of the sorted names.
    """
    _, by_name = np.unique(names, return_inverse=True)
    parent = np.arange(by_name.max() + 1)

    def root(name: int) -> int:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    seen: dict[int, int] = {}
    for name, group in zip(by_name.tolist(), groups.tolist()):
        first, second = root(name), root(seen.setdefault(group, name))
        # the smaller rank stays, so that groups keep the order of their names
        parent[max(first, second)] = min(first, second)
    return np.array([root(name) for name in range(len(parent))])[by_name]


def hold_out_groups(
    labels: np.ndarray, groups: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (kept, held out) indices with every group on one side: about `share` of each class
    is held out, seeded.

    A group counts for the class of its first picture. Each class keeps at least one group for
    training, and a class of two or more groups gives at least one. Pictures that cannot be read are
    kept: a split of them alone could not measure anything.
    """
    generator, readable = np.random.default_rng(seed), np.flatnonzero(groups != UNREADABLE)
    firsts, group_of = first_of_each(groups[readable])
    own, sizes = labels[readable][firsts], np.bincount(group_of)
    by_class = np.argsort(own, kind="stable")
    _, starts = np.unique(own[by_class], return_index=True)
    held = np.zeros(len(firsts), dtype=bool)
    for members in np.split(by_class, starts[1:]):
        held[_nearest(generator.permutation(members), sizes, share)] = True
    _give_back(labels[readable], group_of, held)
    if not held.any():
        raise DataError(
            "in every class all images are copies of one picture, so none can be held out for"
            " measuring; add images"
        )
    chosen = readable[held[group_of]]
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen


def _nearest(members: np.ndarray, sizes: np.ndarray, share: float) -> list[int]:
    """Return some of `members`, groups of `sizes` images, with as near to `share` of the images as
    possible; never all of them.
    """
    total = int(sizes[members].sum())
    wanted, held = min(total - 1, max(1, round(share * total))), 0
    chosen: list[int] = []
    for group in members:
        if len(chosen) < len(members) - 1 and abs(held + sizes[group] - wanted) < abs(
            held - wanted
        ):
            chosen.append(group)
            held += sizes[group]
    return chosen if chosen or len(members) == 1 else [members[np.argmin(sizes[members])]]


def _give_back(labels: np.ndarray, group_of: np.ndarray, held: np.ndarray) -> None:
    """Return to training the groups of a class that has no other: its pictures are copies of
    pictures of another class.
    """
    lost = np.setdiff1d(labels, labels[~held[group_of]])
    held[np.unique(group_of[np.isin(labels, lost)])] = False


def split_groups(members: np.ndarray, sizes: np.ndarray, counts: Sequence[int]) -> list[list[int]]:
    """Return `members`, groups of `sizes` images, dealt in their order: each to the first of
    `counts` that has room for the whole group.

    The last list holds the groups that fit nowhere.
    """
    parts: list[list[int]] = [[] for _ in range(len(counts) + 1)]
    room = list(counts)
    for group in members:
        index = next((part for part, free in enumerate(room) if free >= sizes[group]), len(counts))
        parts[index].append(group)
        if index < len(counts):
            room[index] -= sizes[group]
    return parts
