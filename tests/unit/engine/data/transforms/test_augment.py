"""rft_core.engine.data.transforms.augment: random changes, drawn from the run's own stream."""

import pytest
import torch

from rft_core.engine.data.transforms.augment import augment
from tests import tiny


def change(kind, seed=0, count=64):
    images, _ = tiny.pictures(count)
    return images, augment(images, kind, torch.Generator().manual_seed(seed))


def test_none_is_the_same_image():
    before, after = change("none")
    assert torch.equal(before, after)


def test_flip_mirrors_about_half_of_them_and_does_nothing_else():
    before, after = change("flip", count=200)
    same = (before == after).flatten(1).all(1)
    mirrored = (before.flip(3) == after).flatten(1).all(1)
    assert (same | mirrored).all()
    assert 60 < mirrored.sum() < 140


@pytest.mark.parametrize("kind", ["flip", "paper"])
def test_the_generator_decides(kind):
    state = torch.random.get_rng_state()
    before, first = change(kind)
    assert torch.equal(first, change(kind)[1])
    assert not torch.equal(first, change(kind, seed=1)[1])
    assert torch.equal(before, tiny.pictures(64)[0])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_paper_stays_in_range_and_close():
    before, after = change("paper")
    assert after.shape == before.shape
    assert after.min() >= 0
    assert after.max() <= 1
    # a grey image has no colour to change: brightness moves it by a quarter at most,
    # and the borders repeat
    grey = torch.full((50, 3, 8, 8), 0.5)
    moved = (augment(grey, "paper", torch.Generator().manual_seed(0)) - 0.5).abs()
    assert 0.05 < moved.max() <= 0.125 + 1e-6
