"""The corruptions of weather: functions (pixels (N, 3, S, S), generator, *constants)."""

import torch
from torch import Tensor

from rft_core.engine.data.transforms.filters import (
    motion_blur,
    plasma,
    uniform,
    zoom,
)

GREY = (0.299, 0.587, 0.114)
ICE = (0.80, 0.90, 1.0)


def snow(
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
    """Draw falling flakes over a brighter picture."""
    n, _, size, _ = pixels.shape
    flakes = zoom(mean + deviation * torch.randn(n, 1, size, size, generator=generator), large)
    flakes = torch.where(flakes < least, 0.0, flakes).clamp(0, 1)
    flakes = motion_blur(flakes, radius, sigma, uniform(-135, -45, (n,), generator))
    grey = (pixels * torch.tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return (
        kept * pixels
        + (1 - kept) * torch.maximum(pixels, 1.5 * grey + 0.5)
        + flakes
        + flakes.rot90(2, (2, 3))
    )


def frost(pixels: Tensor, generator: torch.Generator, kept: float, added: float) -> Tensor:
    """Draw ice: rough clouds, bright along ridges."""
    n, _, size, _ = pixels.shape
    rough, smooth = plasma(n, size, 1.5, generator), plasma(n, size, 2.2, generator)
    crystals = (1 - (2 * rough - 1).abs()) ** 2
    ice = (0.15 + 0.85 * crystals + 0.7 * (smooth - 0.5)).clamp(0, 1)[:, None]
    return kept * pixels + added * ice * torch.tensor(ICE).view(1, 3, 1, 1)


def fog(pixels: Tensor, generator: torch.Generator, thick: float, decay: float) -> Tensor:
    """Add clouds, and keep the brightest value."""
    brightest = pixels.amax((1, 2, 3), keepdim=True)
    fog = plasma(len(pixels), pixels.shape[-1], decay, generator)[:, None]
    return (pixels + thick * fog) * brightest / (brightest + thick)


def brightness(pixels: Tensor, generator: torch.Generator, added: float) -> Tensor:
    """Raise the value of HSV; hue and saturation stay."""
    # the value of HSV is the largest channel; hue and saturation stay when all
    # three grow by one factor
    value = pixels.amax(1, keepdim=True)
    raised = (value + added).clamp(max=1)
    return torch.where(value > 0, pixels * raised / value.clamp_min(1e-12), raised)
