"""The 15 common corruptions at five severities, at any picture size.

Source: Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations (ICLR 2019), with the constants of their published programs: CIFAR-10-C at 32 pixels
and ImageNet-C at 224.

Same formulas at these two sizes, up to rounding (results are rounded, theirs are cut off):
Gaussian, shot and impulse noise, defocus, motion and zoom blur, snow, fog, brightness, contrast,
elastic, pixelate, JPEG. The smear of motion blur and snow is written after ImageMagick's kernel and
was not compared with that program. Scaled: between the sizes every constant is interpolated along
the logarithm of the size. Below 32 those of 32 hold; above 224 those of 224 do, with lengths in
pixels growing with the size. Replaced: glass blur moves all pixels at once instead of one after the
other, up to the border; frost is drawn (rough clouds, bright along ridges, bluish), since theirs is
cut out of photographs.

Severity is how hard their authors found a setting, not always how far it moves pixels: elastic goes
from wide to fine, glass blur trades smoothing for shuffling, and frost and fog dim what they cover,
so there a higher severity can lie nearer.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from rft_core.engine.data.transforms.filters import (
    box_resize,
    gaussian_blur,
    motion_blur,
    plasma,
    zoom,
)
from rft_core.errors import UnknownNameError
from rft_core.metrics.shifts import CORRUPTIONS, SEVERITIES

SMALL, LARGE = 32, 224
CHUNK_PIXELS = 1_000_000
GREY = (0.299, 0.587, 0.114)
ICE = (0.80, 0.90, 1.0)


@dataclass(frozen=True)
class Kind:
    """A corruption's code (pixels, generator, *constants), its constants at 32 and at 224 pixels,
    one tuple a severity, and which of them are lengths in pixels.
    """

    apply: Callable[..., Tensor]
    small: tuple[tuple[float, ...], ...]
    large: tuple[tuple[float, ...], ...]
    lengths: tuple[int, ...] = ()

    def constants(self, severity: int, size: int) -> tuple[float, ...]:
        """Return the constants of `severity` 1 to 5 at `size` pixels."""
        share = min(1.0, max(0.0, math.log(size / SMALL) / math.log(LARGE / SMALL)))
        beyond = max(1.0, size / LARGE)
        pairs = zip(self.small[severity - 1], self.large[severity - 1])
        return tuple(
            (low + share * (high - low)) * (beyond if place in self.lengths else 1)
            for place, (low, high) in enumerate(pairs)
        )


def corrupt(images: Tensor, kind: str, severity: int, generator: torch.Generator) -> Tensor:
    """Return uint8 pictures (N, 3, S, S) under one of CORRUPTIONS at `severity` 1 to 5; random
    parts come from `generator`.

    Computed on the CPU, where equal seeds give equal pictures whatever the run's device.
    """
    if kind not in KINDS:
        raise UnknownNameError("corruption", kind, list(CORRUPTIONS))
    if severity not in SEVERITIES:
        raise ValueError(f"severity must be 1 to 5, got {severity}")
    if not len(images):
        return images
    size = images.shape[-1]
    row = KINDS[kind]
    constants = row.constants(severity, size)
    parts = images.cpu().split(max(1, CHUNK_PIXELS // size**2))
    changed = [row.apply(part.float() / 255, generator, *constants).clamp(0, 1) for part in parts]
    return torch.cat([(part * 255).round().to(torch.uint8) for part in changed]).to(images.device)


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _gaussian_noise(pixels: Tensor, generator: torch.Generator, deviation: float) -> Tensor:
    return pixels + deviation * torch.randn(pixels.shape, generator=generator)


def _shot_noise(pixels: Tensor, generator: torch.Generator, photons: float) -> Tensor:
    return torch.poisson(pixels * photons, generator=generator) / photons


def _impulse_noise(pixels: Tensor, generator: torch.Generator, share: float) -> Tensor:
    chance = torch.rand(pixels.shape, generator=generator)
    return torch.where(chance < share, (chance < share / 2).float(), pixels)


def _defocus_blur(pixels: Tensor, generator: torch.Generator, radius: float, soft: float) -> Tensor:
    kernel = _disc(radius, soft)
    reach = len(kernel) // 2
    return F.conv2d(
        F.pad(pixels, (reach,) * 4, mode="reflect"), kernel.expand(3, 1, -1, -1), groups=3
    )


def _disc(radius: float, soft: float) -> Tensor:
    """Return a disc of `radius` pixels, its edge blurred by `soft` within 3 x 3 pixels (5 x 5
    beyond radius 8), summing to 1.
    """
    reach = math.ceil(radius) + 2
    axis = torch.arange(-reach, reach + 1)
    disc = (axis[:, None] ** 2 + axis**2 <= radius**2).float()
    taps = torch.exp(
        -0.5 * (torch.arange(-1 if radius <= 8 else -2, 2 if radius <= 8 else 3) / soft) ** 2
    )
    kernel = F.conv2d(
        (disc / disc.sum())[None, None], (taps[:, None] * taps)[None, None], padding=len(taps) // 2
    )[0, 0]
    return kernel / kernel.sum()


def _glass_blur(
    pixels: Tensor, generator: torch.Generator, sigma: float, reach: float, rounds: float
) -> Tensor:
    n, _, size, _ = pixels.shape
    reach, axis = max(1, round(reach)), torch.arange(size)
    pixels = gaussian_blur(pixels, sigma)
    for _ in range(round(rounds)):
        down, right = torch.randint(-reach, reach, (2, n, size, size), generator=generator)
        places = (axis[:, None] + down).clamp(0, size - 1) * size + (axis + right).clamp(
            0, size - 1
        )
        pixels = (
            pixels.flatten(2).gather(2, places.view(n, 1, -1).expand(-1, 3, -1)).view_as(pixels)
        )
    return gaussian_blur(pixels, sigma)


def _motion_blur(pixels: Tensor, generator: torch.Generator, radius: float, sigma: float) -> Tensor:
    return motion_blur(pixels, radius, sigma, _uniform(-45, 45, (len(pixels),), generator))


def _zoom_blur(pixels: Tensor, generator: torch.Generator, stop: float, step: float) -> Tensor:
    factors = np.arange(1, stop, step)
    return (pixels + sum(zoom(pixels, factor) for factor in factors)) / (len(factors) + 1)


def _snow(
    pixels: Tensor,
    generator: torch.Generator,
    mean: float,
    deviation: float,
    large: float,
    least: float,
    radius: float,
    sigma: float,
    kept: float,
) -> Tensor:
    n, _, size, _ = pixels.shape
    flakes = zoom(mean + deviation * torch.randn(n, 1, size, size, generator=generator), large)
    flakes = torch.where(flakes < least, 0.0, flakes).clamp(0, 1)
    flakes = motion_blur(flakes, radius, sigma, _uniform(-135, -45, (n,), generator))
    grey = (pixels * torch.tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return (
        kept * pixels
        + (1 - kept) * torch.maximum(pixels, 1.5 * grey + 0.5)
        + flakes
        + flakes.rot90(2, (2, 3))
    )


def _frost(pixels: Tensor, generator: torch.Generator, kept: float, added: float) -> Tensor:
    n, _, size, _ = pixels.shape
    rough, smooth = plasma(n, size, 1.5, generator), plasma(n, size, 2.2, generator)
    crystals = (1 - (2 * rough - 1).abs()) ** 2
    ice = (0.15 + 0.85 * crystals + 0.7 * (smooth - 0.5)).clamp(0, 1)[:, None]
    return kept * pixels + added * ice * torch.tensor(ICE).view(1, 3, 1, 1)


def _fog(pixels: Tensor, generator: torch.Generator, thick: float, decay: float) -> Tensor:
    brightest = pixels.amax((1, 2, 3), keepdim=True)
    fog = plasma(len(pixels), pixels.shape[-1], decay, generator)[:, None]
    return (pixels + thick * fog) * brightest / (brightest + thick)


def _brightness(pixels: Tensor, generator: torch.Generator, added: float) -> Tensor:
    # the value of HSV is the largest channel; hue and saturation stay when all
    # three grow by one factor
    value = pixels.amax(1, keepdim=True)
    raised = (value + added).clamp(max=1)
    return torch.where(value > 0, pixels * raised / value.clamp_min(1e-12), raised)


def _contrast(pixels: Tensor, generator: torch.Generator, kept: float) -> Tensor:
    mean = pixels.mean((2, 3), keepdim=True)
    return mean + kept * (pixels - mean)


def _elastic_transform(
    pixels: Tensor, generator: torch.Generator, strength: float, sigma: float, corner: float
) -> Tensor:
    """`strength`, `sigma` and `corner` are shares of the size: of the displacements, their
    smoothing, and the moved corners.
    """
    n, _, size, _ = pixels.shape
    axis = torch.arange(size, dtype=torch.float32)
    middle, arm = size // 2, size // 3
    before = torch.tensor(
        [[middle + arm, middle + arm], [middle + arm, middle - arm], [middle - arm, middle - arm]],
        dtype=torch.float32,
    )
    after = before + _uniform(-corner * size, corner * size, (n, 3, 2), generator)
    back = torch.linalg.solve(F.pad(after, (0, 1), value=1.0), before.expand(n, -1, -1))
    places = torch.stack([*torch.meshgrid(axis, axis, indexing="xy"), torch.ones(size, size)], -1)
    turned = torch.einsum("hwk,nkc->nhwc", places, back)
    pixels = F.grid_sample(
        pixels, turned / (size - 1) * 2 - 1, padding_mode="reflection", align_corners=True
    )
    shifts = (
        gaussian_blur(
            _uniform(-1, 1, (n, 2, size, size), generator), sigma * size, truncate=3, mirrored=True
        )
        * strength
        * size
    )
    moved = places[..., :2] + shifts.permute(0, 2, 3, 1)
    return F.grid_sample(
        pixels, (2 * moved + 1) / size - 1, padding_mode="reflection", align_corners=False
    )


def _pixelate(pixels: Tensor, generator: torch.Generator, share: float) -> Tensor:
    size = pixels.shape[-1]
    return box_resize(box_resize(pixels, max(1, int(size * share + 1e-6))), size)


def _jpeg_compression(pixels: Tensor, generator: torch.Generator, quality: float) -> Tensor:
    levels = (pixels * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return (
        torch.stack(
            [torch.from_numpy(_through_jpeg(picture, round(quality))) for picture in levels]
        )
        .permute(0, 3, 1, 2)
        .float()
        / 255
    )


def _through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    with Image.open(file) as saved:
        return np.array(saved)


def _single(*values: float) -> tuple[tuple[float], ...]:
    return tuple((value,) for value in values)


KINDS = MappingProxyType(
    {
        "gaussian_noise": Kind(
            _gaussian_noise,
            _single(0.04, 0.06, 0.08, 0.09, 0.10),
            _single(0.08, 0.12, 0.18, 0.26, 0.38),
        ),
        "shot_noise": Kind(_shot_noise, _single(500, 250, 100, 75, 50), _single(60, 25, 12, 5, 3)),
        "impulse_noise": Kind(
            _impulse_noise,
            _single(0.01, 0.02, 0.03, 0.05, 0.07),
            _single(0.03, 0.06, 0.09, 0.17, 0.27),
        ),
        "defocus_blur": Kind(
            _defocus_blur,
            ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
            ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
            lengths=(0,),
        ),
        "glass_blur": Kind(
            _glass_blur,
            ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
            ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
            lengths=(0, 1),
        ),
        "motion_blur": Kind(
            _motion_blur,
            ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
            ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
            lengths=(0, 1),
        ),
        "zoom_blur": Kind(
            _zoom_blur,
            ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
            ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
        ),
        "snow": Kind(
            _snow,
            (
                (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
                (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
                (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
                (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
                (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
            ),
            (
                (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
                (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
                (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
                (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
                (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
            ),
            lengths=(4, 5),
        ),
        "frost": Kind(
            _frost,
            ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
            ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
        ),
        "fog": Kind(
            _fog,
            ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
            ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
        ),
        "brightness": Kind(
            _brightness, _single(0.05, 0.1, 0.15, 0.2, 0.3), _single(0.1, 0.2, 0.3, 0.4, 0.5)
        ),
        "contrast": Kind(
            _contrast, _single(0.75, 0.5, 0.4, 0.3, 0.15), _single(0.4, 0.3, 0.2, 0.1, 0.05)
        ),
        "elastic_transform": Kind(
            _elastic_transform,
            (
                (0, 0, 0.08),
                (0.05, 0.2, 0.07),
                (0.08, 0.06, 0.06),
                (0.1, 0.04, 0.05),
                (0.1, 0.03, 0.03),
            ),
            # their program writes 244 for 224
            tuple(
                tuple(share * 244 / 224 for share in row)
                for row in (
                    (2, 0.7, 0.1),
                    (2, 0.08, 0.2),
                    (0.05, 0.01, 0.02),
                    (0.07, 0.01, 0.02),
                    (0.12, 0.01, 0.02),
                )
            ),
        ),
        "pixelate": Kind(
            _pixelate, _single(0.95, 0.9, 0.85, 0.75, 0.65), _single(0.6, 0.5, 0.4, 0.3, 0.25)
        ),
        "jpeg_compression": Kind(
            _jpeg_compression, _single(80, 65, 58, 50, 40), _single(25, 18, 15, 10, 7)
        ),
    }
)
