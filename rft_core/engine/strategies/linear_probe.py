"""Linear probe: only the classification head is trained (Li et al., ICCV 2025, strategy LP)."""

from copy import deepcopy

from torch import nn

from rft_core.engine.models.heads import train_heads
from rft_core.engine.models.modes import freeze_statistics
from rft_core.spec.sections import StrategySpec


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone` with a trainable head and everything else frozen, including the statistics
    of its norms.
    """
    backbone.requires_grad_(False)
    freeze_statistics(backbone)
    train_heads(backbone)
    return backbone


def merge(backbone: nn.Module) -> nn.Module:
    """Return a copy; the architecture is plain already."""
    return deepcopy(backbone)
