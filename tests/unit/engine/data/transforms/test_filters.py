"""rft_core.engine.data.transforms.filters: against scipy and Pillow, at sizes where a kernel is
wider than the picture too.
"""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from rft_core.engine.data.transforms.filters import (
    box_resize,
    gaussian_blur,
    motion_blur,
    plasma,
    zoom,
)
from tests import tiny


@pytest.mark.parametrize("size", [8, 33])
@pytest.mark.parametrize("sigma", [0, 0.2, 0.7, 3, 20])
@pytest.mark.parametrize(("mirrored", "mode"), [(False, "nearest"), (True, "reflect")])
def test_gaussian_blur(size, sigma, mirrored, mode):
    images = tiny.pictures(2, size)[0]
    expected = ndimage.gaussian_filter(images.numpy(), (0, 0, sigma, sigma), mode=mode, truncate=3)
    assert gaussian_blur(images, sigma, truncate=3, mirrored=mirrored).numpy() == pytest.approx(
        expected, abs=1e-5
    )


@pytest.mark.parametrize(("old", "new"), [(32, 30), (32, 20), (32, 8), (20, 32), (17, 5), (8, 8)])
def test_box_resize(old, new):
    # Pillow rounds to levels between its two passes, in 8-bit pictures only
    picture = tiny.pictures(1, old)[0][0, 0]
    expected = Image.fromarray(picture.numpy(), mode="F").resize((new, new), Image.Resampling.BOX)
    assert box_resize(picture[None, None], new)[0, 0].numpy() == pytest.approx(
        np.asarray(expected), abs=1e-5
    )


@pytest.mark.parametrize("factor", [1.0, 1.05, 1.3, 2.5])
@pytest.mark.parametrize("size", [8, 32])
def test_zoom(size, factor):
    picture = tiny.pictures(1, size)[0]
    part = int(np.ceil(size / factor))
    start = (size - part) // 2
    large = ndimage.zoom(
        picture[0, 0, start : start + part, start : start + part].numpy(), factor, order=1
    )
    trim = (len(large) - size) // 2
    assert zoom(picture, factor)[0, 0].numpy() == pytest.approx(
        large[trim : trim + size, trim : trim + size], abs=1e-5
    )


def test_motion_blur_smears_each_picture_along_its_own_angle():
    images = torch.zeros(3, 1, 15, 15)
    images[:, :, 7, 7] = 1
    blurred = motion_blur(images, 3, 2, torch.tensor([0.0, 90.0, 45.0]))
    assert blurred.sum((1, 2, 3)) == pytest.approx(torch.ones(3))
    weights = np.exp(-0.5 * (np.arange(7) / 2) ** 2)
    weights /= weights.sum()
    # what lies to the right of a pixel is smeared on to it
    assert blurred[0, 0, 7, 1:8].flip(0).numpy() == pytest.approx(weights)
    assert torch.allclose(blurred[1], blurred[0].mT)
    assert (blurred[2, 0].nonzero().diff(dim=1) == 0).all()


def test_motion_blur_leaves_a_flat_picture_alone():
    assert torch.allclose(
        motion_blur(torch.full((1, 3, 8, 8), 0.3), 20, 15, torch.tensor([33.0])), torch.tensor(0.3)
    )


@pytest.mark.parametrize("size", [8, 24, 32])
def test_plasma_fills_0_to_1_and_is_smoother_with_more_decay(size):
    fields = [
        plasma(20, size, decay, torch.Generator().manual_seed(0)) for decay in (1.3, 2.0, 3.0)
    ]
    for field in fields:
        assert field.shape == (20, size, size)
        assert field.min() >= 0
        assert field.max() <= 1
    if size == 32:
        assert torch.equal(fields[0].amax((1, 2)), torch.ones(20))
    roughness = [(field.diff(dim=1).abs().mean() / field.std()).item() for field in fields]
    assert roughness == sorted(roughness, reverse=True)


def test_plasma_is_drawn_like_the_published_program():
    """A size-2 field by hand: its corner is the reference point, each other point the mean of
    four plus its own draw.
    """
    draws = 2 * torch.rand(3, generator=torch.Generator().manual_seed(5)) - 1
    middle = draws[0]
    raw = torch.tensor([[0.0, 0.5 * middle + draws[1]], [0.5 * middle + draws[2], middle]])
    expected = (raw - raw.min()) / (raw.max() - raw.min())
    assert torch.allclose(
        plasma(1, 2, 2.0, torch.Generator().manual_seed(5))[0], expected, atol=1e-6
    )
