"""From stored images to what a model takes."""

import torch
from torch import Tensor


def as_pixels(
    images: Tensor, memory_format: torch.memory_format = torch.contiguous_format
) -> Tensor:
    """Return uint8 images (N, 3, H, W) as float32 pixels in [0, 1]; float images must be in
    [0, 1] already.
    """
    pixels = images.to(torch.float32)
    # in place: the uint8 images were copied by the line above
    pixels = pixels if images.is_floating_point() else pixels.div_(255)
    return pixels.contiguous(memory_format=memory_format)
