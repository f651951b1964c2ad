"""Filters, zooms and random fields on batches of square pictures (N, C, S, S): what corruptions
and styles are made of.

Float pixels in [0, 1], any size S. Linear filters along rows and columns are matrices (S, S), so
that no kernel is too wide for a small picture.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def gaussian_blur(
    images: Tensor, sigma: float, *, truncate: float = 4.0, mirrored: bool = False
) -> Tensor:
    """Blur by `sigma` pixels; beyond the border the edge pixel is repeated, or the picture is
    `mirrored`, edge pixel included.

    As scipy.ndimage.gaussian_filter: samples of the Gaussian up to `truncate` sigmas, normalised;
    sigma 0 changes nothing.
    """
    size = images.shape[-1]
    reach = int(truncate * sigma + 0.5)
    if reach == 0:
        return images
    steps = torch.arange(-reach, reach + 1)
    weights = torch.exp(-0.5 * (steps / sigma) ** 2)
    positions = torch.arange(size)[:, None] + steps
    if mirrored:
        positions = positions.remainder(2 * size)
        positions = torch.minimum(positions, 2 * size - 1 - positions)
    matrix = torch.zeros(size, size).scatter_add_(
        1, positions.clamp(0, size - 1), (weights / weights.sum()).expand(size, -1)
    )
    return matrix @ images @ matrix.T


def box_resize(images: Tensor, size: int) -> Tensor:
    """Return the pictures at `size` pixels, each pixel the mean of the old pixels whose centres it
    covers, or else the nearest old pixel.
    """
    matrix = _box_matrix(images.shape[-1], size)
    return matrix @ images @ matrix.T


def _box_matrix(old: int, new: int) -> Tensor:
    """Return the weights (new, old) of Pillow's BOX filter: a pixel counts fully or not at all."""
    scale = max(old / new, 1.0)
    centres = (torch.arange(new, dtype=torch.float64)[:, None] + 0.5) * (old / new)
    offsets = (torch.arange(old, dtype=torch.float64) + 0.5 - centres) / scale
    covered = ((offsets > -0.5) & (offsets <= 0.5)).float()
    return covered / covered.sum(1, keepdim=True)


def zoom(images: Tensor, factor: float) -> Tensor:
    """Return the middle of the pictures enlarged by `factor` >= 1, at the same size (bilinear,
    corner pixels on corners).
    """
    size = images.shape[-1]
    part = math.ceil(size / factor)
    start = (size - part) // 2
    large = F.interpolate(
        images[..., start : start + part, start : start + part],
        size=(round(part * factor),) * 2,
        mode="bilinear",
        align_corners=True,
    )
    trim = (large.shape[-1] - size) // 2
    return large[..., trim : trim + size, trim : trim + size]


def motion_blur(images: Tensor, radius: float, sigma: float, degrees: Tensor) -> Tensor:
    """Smear each picture towards its own angle `degrees` (N,): 2 ceil(radius) + 1 samples, Gaussian
    weights, edge pixels repeated.
    """
    weights = torch.exp(-0.5 * (torch.arange(2 * math.ceil(radius) + 1) / sigma) ** 2)
    weights = weights / weights.sum()
    angle = torch.deg2rad(degrees)
    axis = torch.arange(images.shape[-1])
    blurred = torch.zeros_like(images)
    for distance, weight in enumerate(weights.tolist()):
        down, right = (
            torch.ceil(distance * part - 0.5).long()[:, None]
            for part in (torch.sin(angle), torch.cos(angle))
        )
        rows, columns = ((axis + shift).clamp(0, len(axis) - 1) for shift in (down, right))
        # two plain gathers are several times faster than a single gather by rows and columns
        moved = images.gather(2, rows[:, None, :, None].expand(images.shape)).gather(
            3, columns[:, None, None, :].expand(images.shape)
        )
        blurred.add_(moved, alpha=weight)
    return blurred


def plasma(count: int, size: int, decay: float, generator: torch.Generator) -> Tensor:
    """Return cloudy fields (count, size, size) from 0 to 1 by the diamond-square algorithm
    (Fournier et al. 1982).

    Displacements shrink by `decay` > 1 a level: near 1 the field is rough, at 3 smooth. It is drawn
    on the next power of two, wraps round there, and is cut to `size`.
    """
    side = 1 << max(1, math.ceil(math.log2(size)))
    field = torch.zeros(count, side, side)

    def displaced(total: Tensor) -> Tensor:
        return total / 4 + spread * (2 * torch.rand(total.shape, generator=generator) - 1)

    step, spread = side, 1.0
    while step >= 2:
        corners, half = field[:, ::step, ::step], step // 2
        across = corners + corners.roll(-1, 1)
        field[:, half::step, half::step] = displaced(across + across.roll(-1, 2))
        middles = field[:, half::step, half::step]
        field[:, ::step, half::step] = displaced(
            middles + middles.roll(1, 1) + corners + corners.roll(-1, 2)
        )
        field[:, half::step, ::step] = displaced(
            middles + middles.roll(1, 2) + corners + corners.roll(-1, 1)
        )
        step, spread = half, spread / decay
    field = field - field.amin((1, 2), keepdim=True)
    return (field / field.amax((1, 2), keepdim=True).clamp_min(1e-12))[:, :size, :size]


def uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Return numbers drawn evenly from `low` to `high`."""
    return low + (high - low) * torch.rand(shape, generator=generator)
