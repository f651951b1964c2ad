"""Norms only: the weights of norms and the head are trained."""

from copy import deepcopy

from torch import nn

from rft_core.engine.strategies import linear_probe
from rft_core.spec.sections import StrategySpec


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone` with the scale and shift of its norms and its head trainable."""
    backbone = linear_probe.apply(backbone, settings)
    for module in backbone.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
            module.requires_grad_(True)
    return backbone


def merge(backbone: nn.Module) -> nn.Module:
    """Return a copy; the architecture is plain already."""
    return deepcopy(backbone)
