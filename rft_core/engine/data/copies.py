"""Pictures with the same pixels: how they are found, kept in one split where splits are drawn here,
and counted where not.

Two pictures are the same when their pixels are equal at the size that the run sees, whatever their
files are like. They are found by a hash of the pixels, so that the time grows with the number of
pictures and not with its square.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from rft_core.errors import DataError

DIGEST_BYTES = 16
UNREADABLE = -1
SPLITS = ("train", "validation", "test")
OTHERS = "train_others"


def pixel_digest(pixels: np.ndarray) -> bytes:
    """Return a hash of the pixels of one picture (3, S, S) uint8."""
    return hashlib.blake2b(np.ascontiguousarray(pixels), digest_size=DIGEST_BYTES).digest()


def group_digests(digests: Sequence[bytes | None]) -> np.ndarray:
    """Return a number for each picture (N,) int64, the same for the same digest; UNREADABLE
    where there is none.
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
    """Return for each two splits how many images of the second one are in the first one too, such
    as {"train_test": 46}.

    `digests` holds those of the images of "train", "validation", "test" and of the other domains by
    name; what other domains share with training is added up as "train_others".
    """
    sets = {name: set(values) for name, values in digests.items()}
    shared = {
        f"{one}_{two}": _count(digests[two], sets[one]) for one, two in combinations(SPLITS, 2)
    }
    if others := [name for name in digests if name not in SPLITS]:
        shared[OTHERS] = sum(_count(digests[name], sets["train"]) for name in others)
    return shared


def _count(digests: Iterable[bytes], known: set[bytes]) -> int:
    return sum(digest in known for digest in digests)


def has_copies(groups: np.ndarray | None) -> bool:
    """Return whether any two pictures are in one group; those that cannot be read are in none."""
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
    place of its group among them.
    """
    _, firsts, inverse = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return firsts[order], place[inverse]


def merge_groups(names: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the numbers (N,) of groups that hold whole groups of both: same name, or same number,
    or linked by such pictures.

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
        one, two = root(name), root(seen.setdefault(group, name))
        # the smaller rank stays, so that groups keep the order of their names
        parent[max(one, two)] = min(one, two)
    return np.array([root(name) for name in range(len(parent))])[by_name]


def hold_out_groups(
    labels: np.ndarray, groups: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (kept, held out) indices with every group on one side: about `share` of each class
    is held out, seeded.

    A group counts for the class of its first picture. Each class keeps a group for training, and
    gives one where it has two. Pictures that cannot be read are kept: a split of them alone
    could measure nothing.
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
            "the images of every class are copies of one, so none can be held out for measuring;"
            " add images"
        )
    chosen = readable[held[group_of]]
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen


def _nearest(members: np.ndarray, sizes: np.ndarray, share: float) -> list[int]:
    """Return those of `members`, groups of `sizes` images, that come nearest to `share` of the
    images; never all of them.
    """
    total = int(sizes[members].sum())
    wanted, held, chosen = min(total - 1, max(1, round(share * total))), 0, []
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
    """Return `members`, groups of `sizes` images, dealt in their order: to the first of `counts`
    with room for a whole one.

    The last list holds all others.
    """
    parts: list[list[int]] = [[] for _ in range(len(counts) + 1)]
    room = list(counts)
    for group in members:
        index = next((one for one, free in enumerate(room) if free >= sizes[group]), len(counts))
        parts[index].append(group)
        if index < len(counts):
            room[index] -= sizes[group]
    return parts
