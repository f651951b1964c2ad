"""Shared by the regularised objectives: a divergence of predictions, and a prediction to attack."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.models.modes import eval_mode


def kl(target: Tensor, logits: Tensor) -> Tensor:
    """Return KL(p || q) for each example, (N,), with p = softmax(target) and q =
    softmax(logits), both logits (N, K).
    """
    return F.kl_div(
        F.log_softmax(logits.float(), 1),
        F.log_softmax(target.float(), 1),
        reduction="none",
        log_target=True,
    ).sum(1)


@torch.no_grad()
def settled_logits(model: nn.Module, images: Tensor) -> Tensor:
    """Return logits (N, K) in eval mode, the mode of every attack, and without a gradient."""
    with eval_mode(model):
        return model(images)
