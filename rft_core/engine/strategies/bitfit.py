"""BitFit: every bias and the head are trained (Ben Zaken et al., ACL 2022; Li et al., ICCV 2025).

If convolutions have no bias, as in a ResNet, the biases are those of the norms; their statistics
stay frozen. Tables of position biases are not biases of a layer and stay frozen too. ViT-B/16 with
10 classes trains 110,602 weights; the paper counts 111,370 because its model has the 768 biases of
an unused pooler.
"""

from copy import deepcopy

from torch import nn

from rft_core.engine.strategies import linear_probe
from rft_core.errors import StrategyError
from rft_core.spec.sections import StrategySpec


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone` with its biases and its head trainable, the rest frozen."""
    backbone = linear_probe.apply(backbone, settings)
    biases = [
        parameter
        for name, parameter in backbone.named_parameters()
        if name.endswith("bias") and not parameter.requires_grad
    ]
    if not biases:
        raise StrategyError(
            "the strategy 'bitfit' looks for biases outside the head and this"
            f" {type(backbone).__name__} has none; use linear_probe"
        )
    for bias in biases:
        bias.requires_grad_(True)
    return backbone


def merge(backbone: nn.Module) -> nn.Module:
    """Return a copy; the architecture is plain already."""
    return deepcopy(backbone)
