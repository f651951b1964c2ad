"""The 15 common corruptions at five severities, at any picture size.

Source: Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations (ICLR 2019), with the constants of their published programs: CIFAR-10-C at 32 pixels
and ImageNet-C at 224.

Same formulas at these two sizes, up to rounding (results are rounded, theirs are cut off):
Gaussian, shot and impulse noise, defocus, motion and zoom blur, snow, fog, brightness, contrast,
elastic, pixelate, JPEG. The smear of motion blur and snow follows ImageMagick's kernel and was not
compared with that program. Scaled: between the sizes every constant is interpolated along the
logarithm of the size. Below 32 the constants of 32 are used; above 224 those of 224, with lengths
in pixels growing with the size. Replaced: glass blur moves all pixels at once instead of one after
the other, up to the border; frost is drawn (rough clouds, bright along ridges, bluish), since
theirs is cut out of photographs.

Severity is how hard the authors found a setting, not always how far it moves pixels: elastic goes
from wide to fine, glass blur trades smoothing for shuffling, and frost and fog dim what they cover,
so for these a higher severity can be nearer to the clean picture.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from rft_core.engine.data.transforms import digital, noise_and_blur, weather
from rft_core.errors import UnknownNameError
from rft_core.metrics.shifts import CORRUPTIONS, SEVERITIES

SMALL, LARGE = 32, 224
CHUNK_PIXELS = 1_000_000


@dataclass(frozen=True)
class Kind:
    """A corruption's code (pixels, generator, *constants), its constants at 32 and at 224 pixels, a
    tuple for each severity, and which of them are lengths in pixels.
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
            (low + share * (high - low)) * (beyond if index in self.lengths else 1)
            for index, (low, high) in enumerate(pairs)
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


def _single(*values: float) -> tuple[tuple[float], ...]:
    return tuple((value,) for value in values)


KINDS = MappingProxyType(
    {
        "gaussian_noise": Kind(
            noise_and_blur.gaussian_noise,
            _single(0.04, 0.06, 0.08, 0.09, 0.10),
            _single(0.08, 0.12, 0.18, 0.26, 0.38),
        ),
        "shot_noise": Kind(
            noise_and_blur.shot_noise, _single(500, 250, 100, 75, 50), _single(60, 25, 12, 5, 3)
        ),
        "impulse_noise": Kind(
            noise_and_blur.impulse_noise,
            _single(0.01, 0.02, 0.03, 0.05, 0.07),
            _single(0.03, 0.06, 0.09, 0.17, 0.27),
        ),
        "defocus_blur": Kind(
            noise_and_blur.defocus_blur,
            ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
            ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
            lengths=(0,),
        ),
        "glass_blur": Kind(
            noise_and_blur.glass_blur,
            ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
            ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
            lengths=(0, 1),
        ),
        "motion_blur": Kind(
            noise_and_blur.motion_blur,
            ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
            ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
            lengths=(0, 1),
        ),
        "zoom_blur": Kind(
            noise_and_blur.zoom_blur,
            ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
            ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
        ),
        "snow": Kind(
            weather.snow,
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
            weather.frost,
            ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
            ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
        ),
        "fog": Kind(
            weather.fog,
            ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
            ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
        ),
        "brightness": Kind(
            weather.brightness, _single(0.05, 0.1, 0.15, 0.2, 0.3), _single(0.1, 0.2, 0.3, 0.4, 0.5)
        ),
        "contrast": Kind(
            digital.contrast, _single(0.75, 0.5, 0.4, 0.3, 0.15), _single(0.4, 0.3, 0.2, 0.1, 0.05)
        ),
        "elastic_transform": Kind(
            digital.elastic_transform,
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
            digital.pixelate,
            _single(0.95, 0.9, 0.85, 0.75, 0.65),
            _single(0.6, 0.5, 0.4, 0.3, 0.25),
        ),
        "jpeg_compression": Kind(
            digital.jpeg_compression, _single(80, 65, 58, 50, 40), _single(25, 18, 15, 10, 7)
        ),
    }
)
