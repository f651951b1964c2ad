"""rft_core.engine.data.transforms.corruptions: seeded, in form, worse with severity, and as
independent programs compute them.
"""

import colorsys
import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from rft_core.engine.data.sources import blooms
from rft_core.engine.data.transforms.corruptions import KINDS, corrupt
from rft_core.engine.data.transforms.filters import gaussian_blur
from rft_core.errors import UnknownNameError
from rft_core.metrics.shifts import CORRUPTIONS, SEVERITIES

# kinds whose published severities do not move pixels ever further (see the module's text)
NOT_BY_DISTANCE = ("glass_blur", "frost", "elastic_transform")
BY_DISTANCE = tuple(kind for kind in CORRUPTIONS if kind not in NOT_BY_DISTANCE)


def flowers(count: int = 24, size: int = 32) -> torch.Tensor:
    return blooms.make_split(blooms.TASKS["blooms_easy"], count, size, seed=3).images


def clouds(count: int = 24, size: int = 32) -> torch.Tensor:
    smooth = gaussian_blur(
        torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0)), size / 16
    )
    low, high = smooth.amin((1, 2, 3), keepdim=True), smooth.amax((1, 2, 3), keepdim=True)
    return ((smooth - low) / (high - low) * 255).round().to(torch.uint8)


def flat(level: float, count: int = 40) -> torch.Tensor:
    return torch.full((count, 3, 32, 32), round(level * 255), dtype=torch.uint8)


def under(images: torch.Tensor, kind: str, severity: int, seed: int = 1) -> torch.Tensor:
    return corrupt(images, kind, severity, torch.Generator().manual_seed(seed))


def distance(first: torch.Tensor, second: torch.Tensor) -> float:
    return (first.float() - second.float()).pow(2).mean().sqrt().item()


def test_a_kind_for_every_name():
    assert set(KINDS) == set(CORRUPTIONS)
    assert len(CORRUPTIONS) == 15
    for row in KINDS.values():
        assert len(row.small) == len(row.large) == len(SEVERITIES)


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("size", [8, 21, 32])
def test_form_is_kept_and_the_generator_decides(kind, size):
    images = flowers(3, size)
    kept, state = images.clone(), torch.random.get_rng_state()
    for severity in SEVERITIES:
        found = under(images, kind, severity)
        assert found.shape == images.shape
        assert found.dtype == torch.uint8
        assert torch.equal(found, under(images, kind, severity))
    assert not torch.equal(found, images)
    assert torch.equal(images, kept)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_chance_only_where_there_is_chance(kind):
    fixed = ("defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression")
    assert torch.equal(under(flowers(4), kind, 3), under(flowers(4), kind, 3, seed=2)) == (
        kind in fixed
    )


@pytest.mark.parametrize("kind", BY_DISTANCE)
@pytest.mark.parametrize("pictures", [flowers, clouds])
def test_severity_moves_pixels_further(kind, pictures):
    images = pictures()
    moved = [distance(under(images, kind, severity), images) for severity in SEVERITIES]
    # motion blur 3 and 4 differ in a radius beyond the Gaussian's reach
    assert all(later >= earlier - 1e-6 for earlier, later in zip(moved, moved[1:])), moved
    assert moved[-1] > 1.25 * moved[0]


@pytest.mark.parametrize("kind", [kind for kind in BY_DISTANCE if kind not in ("fog", "snow")])
def test_severity_moves_pixels_further_at_224_too(kind):
    images = flowers(4, 224)
    moved = [distance(under(images, kind, severity), images) for severity in SEVERITIES]
    assert moved == sorted(moved)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gaussian_noise(severity):
    noise = under(flat(0.5), "gaussian_noise", severity).double() / 255 - 128 / 255
    wanted = [0.04, 0.06, 0.08, 0.09, 0.10][severity - 1]
    assert noise.mean().item() == pytest.approx(0, abs=1e-3)
    assert noise.std().item() == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_shot_noise_is_poisson(severity):
    photons = [500, 250, 100, 75, 50][severity - 1]
    values = under(flat(0.4), "shot_noise", severity).double() / 255
    assert values.mean().item() == pytest.approx(0.4, rel=0.01)
    assert values.var().item() == pytest.approx(0.4 / photons, rel=0.04)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_impulse_noise_is_half_salt_and_half_pepper(severity):
    share = [0.01, 0.02, 0.03, 0.05, 0.07][severity - 1]
    values = under(flat(0.4), "impulse_noise", severity)
    for level in (0, 255):
        assert (values == level).double().mean().item() == pytest.approx(share / 2, rel=0.1)
    assert ((values != 0) & (values != 255) & (values != 102)).sum() == 0


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast(severity):
    images = flowers(6)
    values = images.numpy() / 255
    mean = values.mean((2, 3), keepdims=True)
    expected = (values - mean) * [0.75, 0.5, 0.4, 0.3, 0.15][severity - 1] + mean
    assert under(images, "contrast", severity).numpy() == pytest.approx(255 * expected, abs=0.51)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_brightness_raises_the_value_of_hsv(severity):
    images = torch.cat(
        [
            flowers(1),
            torch.randint(
                0,
                256,
                (1, 3, 32, 32),
                generator=torch.Generator().manual_seed(0),
                dtype=torch.uint8,
            ),
        ]
    )
    images[0, :, 0, 0] = 0
    expected = np.empty(images.shape)
    for n, row, column in np.ndindex(len(images), 32, 32):
        hue, saturation, value = colorsys.rgb_to_hsv(*(images[n, :, row, column].numpy() / 255))
        expected[n, :, row, column] = colorsys.hsv_to_rgb(
            hue, saturation, min(1, value + [0.05, 0.1, 0.15, 0.2, 0.3][severity - 1])
        )
    assert under(images, "brightness", severity).numpy() == pytest.approx(255 * expected, abs=0.51)


@pytest.mark.parametrize(
    ("size", "shares"), [(32, (0.95, 0.9, 0.85, 0.75, 0.65)), (224, (0.6, 0.5, 0.4, 0.3, 0.25))]
)
def test_pixelate(size, shares):
    image = flowers(1, size)
    for severity, share in zip(SEVERITIES, shares):
        small = Image.fromarray(image[0].permute(1, 2, 0).numpy()).resize(
            (int(size * share),) * 2, Image.Resampling.BOX
        )
        expected = np.asarray(small.resize((size, size), Image.Resampling.BOX), dtype=float)
        # Pillow rounds twice on its way
        assert (
            np.abs(under(image, "pixelate", severity)[0].permute(1, 2, 0).numpy() - expected).max()
            <= 1
        )


@pytest.mark.parametrize(
    ("size", "qualities"), [(32, (80, 65, 58, 50, 40)), (224, (25, 18, 15, 10, 7))]
)
def test_jpeg_compression(size, qualities):
    image = flowers(1, size)
    for severity, quality in zip(SEVERITIES, qualities):
        file = io.BytesIO()
        Image.fromarray(image[0].permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
        expected = np.asarray(Image.open(file), dtype=float)
        assert np.array_equal(
            under(image, "jpeg_compression", severity)[0].permute(1, 2, 0).numpy(), expected
        )


def test_blurs_leave_a_flat_picture_alone():
    for kind in (
        "defocus_blur",
        "glass_blur",
        "motion_blur",
        "zoom_blur",
        "elastic_transform",
        "pixelate",
        "contrast",
    ):
        assert distance(under(flat(0.5, 2), kind, 5), flat(0.5, 2)) < 0.6, kind


def test_a_defocused_point_is_a_disc():
    point = torch.zeros(1, 3, 224, 224, dtype=torch.uint8)
    point[:, :, 112, 112] = 255
    for severity, radius in zip(SEVERITIES, (3, 4, 6, 8, 10)):
        kernel = KINDS["defocus_blur"].apply(
            point.float() / 255, None, *KINDS["defocus_blur"].constants(severity, 224)
        )
        rows = kernel[0, 0].nonzero()[:, 0]
        assert kernel[0].sum((1, 2)).numpy() == pytest.approx(1, abs=1e-4)
        assert radius <= rows.max() - 112 <= radius + 2


@pytest.mark.parametrize("size", [32, 224])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_elastic_transform_against_scipy(size, severity):
    """The published steps with scipy's resampling, from the same draws: affine by three corners,
    then smoothed displacements.
    """
    strength, sigma, corner = (
        share * size for share in KINDS["elastic_transform"].constants(severity, size)
    )
    pixels, stream = clouds(1, size).float() / 255, torch.Generator().manual_seed(4)
    moved = 2 * corner * (torch.rand((1, 3, 2), generator=stream)[0].double().numpy() - 0.5)
    noise = 2 * torch.rand((1, 2, size, size), generator=stream)[0].double().numpy() - 1
    middle, arm = size // 2, size // 3
    before = np.array(
        [[middle + arm, middle + arm], [middle + arm, middle - arm], [middle - arm, middle - arm]],
        dtype=float,
    )
    back = np.linalg.solve(np.column_stack([before + moved, np.ones(3)]), before)
    rows, columns = np.mgrid[:size, :size].astype(float)
    turned = np.stack([columns, rows, np.ones_like(rows)], -1) @ back
    right, down = (
        strength
        * (
            ndimage.gaussian_filter(picture, sigma, mode="reflect", truncate=3)
            if sigma
            else picture
        )
        for picture in noise
    )
    for channel in range(3):
        first = ndimage.map_coordinates(
            pixels[0, channel].numpy(), [turned[..., 1], turned[..., 0]], order=1, mode="mirror"
        )
        expected = ndimage.map_coordinates(
            first, [rows + down, columns + right], order=1, mode="reflect"
        )
        found = under(clouds(1, size), "elastic_transform", severity, seed=4)[0, channel].numpy()
        assert np.abs(found - 255 * expected).max() < 1


def test_snow_and_frost_brighten_a_dark_picture_and_fog_evens_out():
    dark = flat(0.2, 4)
    for kind in ("snow", "frost", "brightness"):
        assert under(dark, kind, 5).float().mean() > 1.1 * dark.float().mean(), kind
    steps = torch.zeros(4, 3, 32, 32, dtype=torch.uint8)
    steps[..., 16:] = 204
    for severity in SEVERITIES:
        fogged = under(steps, "fog", severity).float()
        assert fogged.max() <= 204
        assert fogged[..., 16:].mean() - fogged[..., :16].mean() == pytest.approx(
            204 * 204 / (204 + 255 * KINDS["fog"].small[severity - 1][0]), rel=0.35
        )


def test_constants_are_the_published_ones_at_both_ends_and_between_them_elsewhere():
    for row in KINDS.values():
        for severity in SEVERITIES:
            assert row.constants(severity, 32) == pytest.approx(row.small[severity - 1])
            assert row.constants(severity, 16) == pytest.approx(row.small[severity - 1])
            assert row.constants(severity, 224) == pytest.approx(row.large[severity - 1])
            for value, *ends in zip(
                row.constants(severity, 96), row.small[severity - 1], row.large[severity - 1]
            ):
                assert min(ends) <= value <= max(ends)
    assert KINDS["defocus_blur"].constants(1, 448) == pytest.approx((6, 0.1))


def test_the_subset_does_not_depend_on_how_many_are_done_at_once(monkeypatch):
    whole = under(flowers(6), "contrast", 3)
    monkeypatch.setattr("rft_core.engine.data.transforms.corruptions.CHUNK_PIXELS", 2 * 32 * 32)
    assert torch.equal(under(flowers(6), "contrast", 3), whole)


def test_an_unknown_corruption_or_severity():
    with pytest.raises(UnknownNameError, match="did you mean 'frost'"):
        under(flat(0.5, 1), "frosty", 1)
    with pytest.raises(ValueError, match="1 to 5"):
        under(flat(0.5, 1), "frost", 6)
    assert len(under(flat(0.5, 0), "frost", 1)) == 0
