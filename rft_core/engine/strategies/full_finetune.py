"""Full fine-tuning: every weight is trained."""

from copy import deepcopy

from torch import nn

from rft_core.spec.sections import StrategySpec


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone` with every weight trainable."""
    return backbone.requires_grad_(True)


def merge(backbone: nn.Module) -> nn.Module:
    """Return a copy; the architecture is plain already."""
    return deepcopy(backbone)
