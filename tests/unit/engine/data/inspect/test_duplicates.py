"""rft_core.engine.data.inspect.duplicates: pictures that occur twice, found; pictures that
are merely alike, not.
"""

import hashlib

import numpy as np
import torch

from rft_core.engine.data.dataset import Split
from rft_core.engine.data.inspect import duplicates as module
from rft_core.engine.data.inspect.duplicates import find_duplicates, same_picture


def smooth(count: int, seed: int, size: int = 24) -> torch.Tensor:
    """Pictures with large shapes, as photographs have: noise of 4 x 4 pixels, enlarged."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand((count, 3, 4, 4), generator=generator)
    return (
        (
            torch.nn.functional.interpolate(small, size=(size, size), mode="bicubic").clamp(0, 1)
            * 255
        )
        .round()
        .to(torch.uint8)
    )


def split(images: torch.Tensor, labels=None) -> Split:
    return Split(
        images,
        torch.zeros(len(images), dtype=torch.long) if labels is None else torch.tensor(labels),
    )


def digests(split: Split) -> list[bytes]:
    return [hashlib.sha256(image.numpy().tobytes()).digest() for image in split.images]


def found(train: Split, test: Split):
    return find_duplicates(train, test, digests(train), digests(test))


def test_the_same_pixels_are_found_once_a_test_picture():
    train, fresh = smooth(20, seed=0), smooth(10, seed=1)
    fresh[3], fresh[7] = train[11], train[11]
    result = found(split(train), split(fresh))
    assert result.exact == [(11, 3), (11, 7)]
    assert (result.near, result.checked) == ([], 10)


def test_a_slightly_changed_copy_is_near_and_not_equal():
    train, fresh = smooth(20, seed=0), smooth(10, seed=1)
    brighter = (train[5].float() * 1.02 + 2).clamp(0, 255).round().to(torch.uint8)
    noisy = (
        (
            train[6].float()
            + 3 * torch.randn(train[6].shape, generator=torch.Generator().manual_seed(2))
        )
        .clamp(0, 255)
        .round()
        .to(torch.uint8)
    )
    fresh[0], fresh[9] = brighter, noisy
    result = found(split(train), split(fresh))
    assert result.exact == []
    assert result.near == [(5, 0), (6, 9)]


def test_the_same_layout_in_other_colours_is_not_a_duplicate():
    train = smooth(1, seed=0)
    other = (train.float() * 0.5).round().to(torch.uint8)
    assert found(split(train), split(other)).near == []


def test_pieces_give_what_the_whole_gives(monkeypatch):
    train, fresh = smooth(30, seed=0), smooth(12, seed=1)
    fresh[2], fresh[10] = train[4] // 2 * 2, train[28] // 2 * 2
    whole = found(split(train), split(fresh))
    monkeypatch.setattr(module, "COMPARED_AT_ONCE", 70)
    monkeypatch.setattr(module, "PIECE", 7)
    monkeypatch.setattr(module, "CANDIDATES_AT_ONCE", 1)
    assert found(split(train), split(fresh)) == whole
    assert whole.near == [(4, 2), (28, 10)]


def test_beyond_the_limit_a_sample_is_compared_and_its_size_reported(monkeypatch):
    monkeypatch.setattr(module, "MOST_COMPARISONS", 20 * 5)
    assert found(split(smooth(20, seed=0)), split(smooth(10, seed=1))).checked == 5


def test_one_picture_with_two_labels_is_found_across_splits():
    images = smooth(3, seed=0)
    train, test = split(images, [0, 1, 2]), split(images[[0, 1]], [2, 1])
    assert same_picture([train, test], [digests(train), digests(test)]) == [[0, 2]]


def test_nothing_to_compare():
    empty = Split(torch.zeros((0, 3, 8, 8), dtype=torch.uint8), torch.zeros(0, dtype=torch.long))
    assert find_duplicates(split(smooth(2, seed=0)), empty, [b"a", b"b"], []).near == []
    assert np.array_equal(same_picture([empty], [[]]), [])
