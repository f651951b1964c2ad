"""The digital corruptions: functions (pixels (N, 3, S, S), generator, *constants)."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from rft_core.engine.data.transforms.filters import (
    box_resize,
    gaussian_blur,
    uniform,
)


def contrast(pixels: Tensor, generator: torch.Generator, kept: float) -> Tensor:
    """Pull every channel towards its mean; `kept` is the share of the contrast that is left."""
    mean = pixels.mean((2, 3), keepdim=True)
    return mean + kept * (pixels - mean)


def elastic_transform(
    pixels: Tensor, generator: torch.Generator, strength: float, sigma: float, corner: float
) -> Tensor:
    """Shift pixels smoothly. As shares of the size, `strength` is the length of the displacements,
    `sigma` their smoothing, and `corner` how far the corners move.
    """
    n, _, size, _ = pixels.shape
    axis = torch.arange(size, dtype=torch.float32)
    middle, arm = size // 2, size // 3
    before = torch.tensor(
        [[middle + arm, middle + arm], [middle + arm, middle - arm], [middle - arm, middle - arm]],
        dtype=torch.float32,
    )
    after = before + uniform(-corner * size, corner * size, (n, 3, 2), generator)
    back = torch.linalg.solve(F.pad(after, (0, 1), value=1.0), before.expand(n, -1, -1))
    positions = torch.stack(
        [*torch.meshgrid(axis, axis, indexing="xy"), torch.ones(size, size)], -1
    )
    turned = torch.einsum("hwk,nkc->nhwc", positions, back)
    pixels = F.grid_sample(
        pixels, turned / (size - 1) * 2 - 1, padding_mode="reflection", align_corners=True
    )
    shifts = (
        gaussian_blur(
            uniform(-1, 1, (n, 2, size, size), generator), sigma * size, truncate=3, mirrored=True
        )
        * strength
        * size
    )
    moved = positions[..., :2] + shifts.permute(0, 2, 3, 1)
    return F.grid_sample(
        pixels, (2 * moved + 1) / size - 1, padding_mode="reflection", align_corners=False
    )


def pixelate(pixels: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """Shrink to a `share` of the size, and enlarge."""
    size = pixels.shape[-1]
    return box_resize(box_resize(pixels, max(1, int(size * share + 1e-6))), size)


def jpeg_compression(pixels: Tensor, generator: torch.Generator, quality: float) -> Tensor:
    """Write and read the pictures as JPEG of `quality`."""
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
