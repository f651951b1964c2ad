"""Pictures that occur twice: in training and test, where they flatter the result, or with two
labels, where they cannot be learnt.

Equal pixels are found by hash. Near duplicates (a re-encoded, resized or slightly brighter copy)
are pictures whose difference hash (rows of 8 brightness comparisons on 9 x 8 pixels, Krawetz 2013,
"Kind of like that") differs in at most 6 of 64 bits and which, reduced to 8 x 8 pixels, differ by
at most 8 of 255 levels on average; the second test drops pictures with merely the same layout.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from rft_core.engine.data.dataset import Split, stratified_indices

BITS, LEVELS = 6, 8.0
SIDE = 8
# this many comparisons of hashes take about ten seconds; where there would be more, only a sample
# of the test pictures is compared
MOST_COMPARISONS = 500_000_000
PIECE, COMPARED_AT_ONCE, CANDIDATES_AT_ONCE = 500, 20_000_000, 50_000


@dataclass(frozen=True)
class Duplicates:
    """A pair (training index, test index) for each test picture that has a duplicate, and how many
    test pictures were compared.
    """

    exact: list[tuple[int, int]]
    near: list[tuple[int, int]]
    checked: int


def find_duplicates(
    train: Split, test: Split, train_digests: list[bytes], test_digests: list[bytes]
) -> Duplicates:
    """Return the test pictures that are also in the training split; the digests are hashes of the
    pixels of each picture.
    """
    train_index = {digest: index for index, digest in reversed(list(enumerate(train_digests)))}
    exact = [
        (train_index[digest], index)
        for index, digest in enumerate(test_digests)
        if digest in train_index
    ]
    most = max(1, MOST_COMPARISONS // max(1, len(train)))
    checked = (
        np.arange(len(test))
        if len(test) <= most
        else stratified_indices(test.labels.numpy(), most, seed=0)
    )
    exact_tests = {index for _, index in exact}
    remaining = np.array([index for index in checked if index not in exact_tests], dtype=np.int64)
    return Duplicates(exact, _near(train, test, remaining), len(checked))


def same_picture(splits: list[Split], digests: list[list[bytes]]) -> list[list[int]]:
    """Return, for each picture that occurs with several labels in any of the splits,
    its labels in order.
    """
    labels: dict[bytes, set[int]] = {}
    for split, hashes in zip(splits, digests, strict=True):
        for digest, label in zip(hashes, split.labels.tolist(), strict=True):
            labels.setdefault(digest, set()).add(label)
    return [sorted(found) for found in labels.values() if len(found) > 1]


def _near(train: Split, test: Split, remaining: np.ndarray) -> list[tuple[int, int]]:
    if not len(remaining) or not len(train):
        return []
    (train_hashes, train_small), (test_hashes, test_small) = (
        _reduce(train),
        _reduce(test.take(torch.from_numpy(remaining))),
    )
    found: dict[int, int] = {}
    step = max(1, COMPARED_AT_ONCE // len(train))
    for start in range(0, len(remaining), step):
        distance = np.bitwise_count(test_hashes[start : start + step, None] ^ train_hashes[None])
        rows, columns = np.nonzero(distance <= BITS)
        for first in range(0, len(rows), CANDIDATES_AT_ONCE):
            row, column = (
                start + rows[first : first + CANDIDATES_AT_ONCE],
                columns[first : first + CANDIDATES_AT_ONCE],
            )
            close = (
                np.abs(test_small[row].astype(np.int16) - train_small[column]).mean((1, 2, 3))
                <= LEVELS
            )
            for index, match in zip(remaining[row[close]].tolist(), column[close].tolist()):
                found.setdefault(index, match)
    return [(match, index) for index, match in found.items()]


def _reduce(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return the 64-bit difference hash of each picture, and the picture at 8 x 8
    pixels, (N, 3, 8, 8) uint8.
    """
    hashes, small = [], []
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    for start in range(0, len(split), PIECE):
        images = split.images[start : start + PIECE].float()
        grey = F.adaptive_avg_pool2d((images * weights).sum(1, keepdim=True), (SIDE, SIDE + 1))[
            :, 0
        ]
        bits = (grey[:, :, 1:] > grey[:, :, :-1]).flatten(1).numpy()
        hashes.append(np.packbits(bits, axis=1).view(np.uint64)[:, 0])
        small.append(F.adaptive_avg_pool2d(images, SIDE).round().to(torch.uint8).numpy())
    return np.concatenate(hashes), np.concatenate(small)
