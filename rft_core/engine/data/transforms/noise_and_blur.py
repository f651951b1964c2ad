"""The corruptions of noise and blur: functions (pixels (N, 3, S, S), generator, *constants)."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rft_core.engine.data.transforms.filters import (
    gaussian_blur,
    uniform,
    zoom,
)
from rft_core.engine.data.transforms.filters import motion_blur as smear


def gaussian_noise(pixels: Tensor, generator: torch.Generator, deviation: float) -> Tensor:
    """Add noise of a standard `deviation`."""
    return pixels + deviation * torch.randn(pixels.shape, generator=generator)


def shot_noise(pixels: Tensor, generator: torch.Generator, photons: float) -> Tensor:
    """Count `photons`, the fewer the noisier."""
    return torch.poisson(pixels * photons, generator=generator) / photons


def impulse_noise(pixels: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """Set a `share` of all values to 0 or 1, half each."""
    chance = torch.rand(pixels.shape, generator=generator)
    return torch.where(chance < share, (chance < share / 2).float(), pixels)


def defocus_blur(pixels: Tensor, generator: torch.Generator, radius: float, soft: float) -> Tensor:
    """Blur by a disc of `radius` pixels with an edge of `soft`."""
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


def glass_blur(
    pixels: Tensor, generator: torch.Generator, sigma: float, reach: float, rounds: float
) -> Tensor:
    """Blur by `sigma`, move pixels by at most `reach`, `rounds` times, and blur again."""
    n, _, size, _ = pixels.shape
    reach, axis = max(1, round(reach)), torch.arange(size)
    pixels = gaussian_blur(pixels, sigma)
    for _ in range(round(rounds)):
        down, right = torch.randint(-reach, reach, (2, n, size, size), generator=generator)
        sources = (axis[:, None] + down).clamp(0, size - 1) * size + (axis + right).clamp(
            0, size - 1
        )
        pixels = (
            pixels.flatten(2).gather(2, sources.view(n, 1, -1).expand(-1, 3, -1)).view_as(pixels)
        )
    return gaussian_blur(pixels, sigma)


def motion_blur(pixels: Tensor, generator: torch.Generator, radius: float, sigma: float) -> Tensor:
    """Smear along a random direction."""
    return smear(pixels, radius, sigma, uniform(-45, 45, (len(pixels),), generator))


def zoom_blur(pixels: Tensor, generator: torch.Generator, stop: float, step: float) -> Tensor:
    """Average enlargements by 1 to `stop`."""
    factors = np.arange(1, stop, step)
    return (pixels + sum(zoom(pixels, factor) for factor in factors)) / (len(factors) + 1)
