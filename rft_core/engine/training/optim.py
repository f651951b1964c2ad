"""AdamW with a separate learning rate for the head, warm-up, and decay as a pure function of
progress.
"""

import math

import torch
from torch import nn

from rft_core.spec.sections import OptimSpec


def build_optimizer(model: nn.Module, head: nn.Module, spec: OptimSpec) -> torch.optim.AdamW:
    """Return AdamW over the trainable weights in up to four groups: backbone or head, with or
    without weight decay.

    Biases, norms and other vectors are not decayed. Each group keeps its peak learning rate as
    "peak".
    """
    in_head = {id(parameter) for parameter in head.parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in in_head, parameter.ndim <= 1), []).append(parameter)
    rates = {False: spec.learning_rate, True: spec.head_learning_rate or spec.learning_rate}
    rows = [
        {
            "params": parameters,
            "lr": rates[is_head],
            "peak": rates[is_head],
            "weight_decay": 0.0 if is_vector else spec.weight_decay,
        }
        for (is_head, is_vector), parameters in sorted(groups.items())
    ]
    # one fused kernel for the whole step; the same arithmetic
    return torch.optim.AdamW(rows, fused=True)


def learning_rate_factor(
    progress: float, *, warmup_fraction: float, decay: str, one_step: float
) -> float:
    """Return the share of the peak learning rate of the step at `progress` 0..1: linear warm-up,
    then cosine, linear or no decay.

    `one_step` is the share of training that a step takes. The warm-up counts the step itself, so
    that the first step already learns something and a warm-up of n steps takes 1/n, 2/n, ..., 1.
    """
    if progress < warmup_fraction:
        return min(1.0, (progress + one_step) / warmup_fraction)
    if decay == "none" or warmup_fraction >= 1:
        return 1.0
    rest = min(1.0, (progress - warmup_fraction) / (1 - warmup_fraction))
    return 1 - rest if decay == "linear" else (1 + math.cos(math.pi * rest)) / 2


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group to `factor` times its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
