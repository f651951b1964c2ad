"""Models whose tensors all differ."""

import torch
from torch import nn


def scattered(model: nn.Module, seed: int = 3) -> nn.Module:
    """Make every weight and statistic random, so that none can be mistaken for another."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                is_matrix = tensor.squeeze().ndim > 1
                deviation = tensor[0].numel() ** -0.5 if is_matrix else 1.0
                values = torch.randn_like(tensor) if is_matrix else torch.rand_like(tensor) + 0.1
                tensor.copy_(values * deviation)
    return model.eval()
