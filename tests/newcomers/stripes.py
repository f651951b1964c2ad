"""Stripes: level, upright and slanting, under noise."""

import torch

from rft_core.engine.data.dataset import Dataset, Request, Split

NAMES = ("level", "upright", "slanting")
DIRECTIONS = ((0.0, 1.0), (1.0, 0.0), (0.7, 0.7))


def load(name: str, request: Request) -> Dataset:
    """Return 90, 30 and 30 images of the size asked for, the same ones every time."""
    generator = torch.Generator().manual_seed(0)
    parts = [_split(count, request.image_size, generator) for count in (90, 30, 30)]
    return Dataset(name, NAMES, *parts)


def _split(count: int, size: int, generator: torch.Generator) -> Split:
    across = torch.arange(size).float()
    rows, columns = torch.meshgrid(across, across, indexing="ij")
    labels = torch.arange(count) % len(NAMES)
    drawn = [
        torch.sin(DIRECTIONS[label][0] * columns + DIRECTIONS[label][1] * rows)
        for label in labels.tolist()
    ]
    noise = torch.rand((count, 3, size, size), generator=generator)
    images = (torch.stack(drawn)[:, None] + 1) / 2 * 0.6 + 0.4 * noise
    return Split((images * 255).round().to(torch.uint8), labels)
