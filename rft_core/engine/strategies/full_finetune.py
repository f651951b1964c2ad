"""Full fine-tuning: every weight is trained."""

from torch import nn

from rft_core.spec import StrategySpec


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone` with every weight trainable."""
    return backbone.requires_grad_(True)
