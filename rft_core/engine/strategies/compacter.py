"""Compacter: adapters whose weights are sums of Kronecker products (Karimi Mahabadi et al., NeurIPS
2021).

Placed as adapters are, with reduction 32. Each weight is H = sum_i kron(rule_i, left_i right_i)
over n = 4 terms, where the rules (4 x 4 each) are shared by the whole network and left, right have
rank 1: 64,778 trained weights on ViT-B/16 with 10 classes, as in the table of Li et al., ICCV 2025.
Start: rules from N(0, .0001), left and right Xavier normal, biases 0, so a fresh model gives nearly
the outputs it gave before. A bottleneck is not linear and cannot be merged.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.strategies.adapter import insert
from rft_core.errors import StrategyError
from rft_core.spec.sections import StrategySpec

FITS = ("transformer", "convnext")
REDUCTION = 32
TERMS = 4
RULE_STD = 1e-4


class KroneckerLinear(nn.Module):
    """y = x H + bias with H = sum_i kron(rules_i, left_i right_i), (in, out)."""

    def __init__(self, inputs: int, outputs: int, rules: nn.Parameter):
        super().__init__()
        # in a tuple it is not registered here: only the backbone owns it, so that a checkpoint
        # holds it once
        self.shared = (rules,)
        left, right = (
            torch.empty(TERMS, inputs // TERMS, 1),
            torch.empty(TERMS, 1, outputs // TERMS),
        )
        for factor in (*left, *right):
            nn.init.xavier_normal_(factor)
        self.left, self.right, self.bias = (
            nn.Parameter(left),
            nn.Parameter(right),
            nn.Parameter(torch.zeros(outputs)),
        )

    def weight(self) -> Tensor:
        """Return H, (in, out)."""
        (rules,) = self.shared
        products = torch.einsum("nab,nir,nrj->aibj", rules, self.left, self.right)
        return products.flatten(2).flatten(0, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (..., out) from inputs (..., in)."""
        return F.linear(inputs, self.weight().T, self.bias)


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone`, frozen, with trainable Kronecker bottlenecks, their shared rules,
    and a trainable head.
    """
    rules = nn.Parameter(torch.randn(TERMS, TERMS, TERMS) * RULE_STD)
    backbone = insert(
        "compacter",
        backbone,
        settings,
        lambda width: bottleneck(width, settings.reduction or REDUCTION, rules),
    )
    backbone.phm_rules = rules
    return backbone


def bottleneck(width: int, reduction: int, rules: nn.Parameter) -> nn.Sequential:
    """Return up(GELU(down(a))) through width / reduction channels, rounded
    up to a multiple of 4.
    """
    if width % TERMS:
        raise StrategyError(
            f"the strategy 'compacter' needs widths that are multiples of {TERMS} and this network"
            f" has one of {width}; use adapter"
        )
    narrow = -(-width // (reduction * TERMS)) * TERMS
    return nn.Sequential(
        KroneckerLinear(width, narrow, rules), nn.GELU(), KroneckerLinear(narrow, width, rules)
    )
