"""rft_core.engine.data.dataset: splits, and subsets that keep each class's share."""

import numpy as np
import pytest
import torch

from rft_core.engine.data.dataset import (
    Dataset,
    Request,
    Split,
    holdout,
    stratified,
    stratified_indices,
)
from rft_core.errors import DataError
from tests import tiny

UNEVEN = np.repeat([0, 1, 2], [100, 30, 10])


@pytest.mark.parametrize("size", [7, 14, 70, 139])
def test_a_subset_keeps_each_classes_share_to_within_one(size):
    chosen = stratified_indices(UNEVEN, size, seed=0)
    assert len(chosen) == len(set(chosen)) == size
    counts = np.bincount(UNEVEN[chosen], minlength=3)
    assert (np.abs(counts - np.array([100, 30, 10]) * size / 140) <= 1).all()


def test_a_subset_is_seeded_and_sorted():
    first = stratified_indices(UNEVEN, 20, seed=0)
    assert np.array_equal(first, stratified_indices(UNEVEN, 20, seed=0))
    assert not np.array_equal(first, stratified_indices(UNEVEN, 20, seed=1))
    assert np.array_equal(first, np.sort(first))


@pytest.mark.parametrize("size", [None, 10, 11])
def test_the_whole_split_when_it_is_no_larger(size):
    data = tiny.split(10)
    assert stratified(data, size, seed=0) is data


def test_images_stay_with_their_labels():
    data = Split(
        torch.arange(30, dtype=torch.uint8).view(30, 1, 1, 1).expand(30, 3, 2, 2),
        torch.arange(30) % 3,
    )
    part = stratified(data, 12, seed=0)
    assert torch.equal(part.images[:, 0, 0, 0] % 3, part.labels.to(torch.uint8))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_holdout_splits_every_class(share):
    kept, held = holdout(UNEVEN, share, seed=0)
    assert sorted([*kept, *held]) == list(range(140))
    for label, count in enumerate((100, 30, 10)):
        assert (UNEVEN[held] == label).sum() == min(count - 1, max(1, round(share * count)))
    assert np.array_equal(held, holdout(UNEVEN, share, seed=0)[1])
    assert not np.array_equal(held, holdout(UNEVEN, share, seed=1)[1])


def test_a_single_image_is_kept_for_training():
    kept, held = holdout(np.array([0, 0, 1]), 0.5, seed=0)
    assert 2 in kept
    assert len(held) == 1


def test_nothing_can_be_held_out_of_single_images():
    with pytest.raises(DataError, match="every class has a single image"):
        holdout(np.array([0, 1, 2]), 0.5, seed=0)


def test_the_digest_is_of_pixels_and_labels():
    data = tiny.split(4)
    assert data.digest() == tiny.split(4).digest()
    assert data.digest() != tiny.split(4, seed=1).digest()
    assert data.digest() != Split(data.images, data.labels.flip(0)).digest()
    # the same pixels in another layout are the same images
    assert (
        data.digest()
        == Split(data.images.contiguous(memory_format=torch.channels_last), data.labels).digest()
    )


def test_limits_leave_validation_alone():
    data = Dataset("d", ("a", "b", "c", "d", "e"), tiny.split(40), tiny.split(20), tiny.split(30))
    part = data.limited(Request(image_size=16, train_size=10, eval_size=8))
    assert (len(part.train), len(part.validation), len(part.test)) == (10, 20, 8)
    assert part.num_classes == 5
