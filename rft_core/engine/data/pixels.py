"""From stored images to what a model takes."""

import torch
from torch import Tensor


def as_pixels(
    images: Tensor, memory_format: torch.memory_format = torch.contiguous_format
) -> Tensor:
    """Return uint8 images (N, 3, H, W) as float32 pixels in [0, 1]."""
    return images.to(torch.float32).div_(255).contiguous(memory_format=memory_format)
