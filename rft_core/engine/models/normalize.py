"""Mean and std inside the model, so that every attack works on pixels in [0, 1]."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class NormalizedModel(nn.Module):
    """Maps pixels (N, 3, H, W) in [0, 1] to logits (N, K): logits =
    backbone((pixels - mean) / std).
    """

    backbone: nn.Module
    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        self.backbone = backbone
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, K)."""
        return self.backbone((images - self.mean) / self.std)
