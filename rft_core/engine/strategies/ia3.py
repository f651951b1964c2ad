"""(IA)3: trained factors on the outputs of frozen layers (Liu et al., NeurIPS 2022), placed as in
Li et al., ICCV 2025.

The factors start at 1 and multiply the outputs, bias included, of k and v (the q third of the fused
projection stays unchanged) and of both MLP layers (of the first before its activation). The
original (IA)3 has no factor after the second layer; the paper's configuration switches it on, and
we follow the paper: 72,202 trained weights on ViT-B/16 with 10 classes, as in its table. On a
ConvNeXt the factors are those of the two MLP layers.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

from rft_core.engine.strategies import linear_probe
from rft_core.engine.strategies.blocks import blocks_for
from rft_core.spec.sections import StrategySpec

FITS = ("transformer", "convnext")


class Scaled(nn.Module):
    """y = factors * layer(x), a factor for each output channel; the first `fixed` factors are 1 and
    not trained.
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, fixed: int = 0):
        super().__init__()
        self.layer, self.fixed = layer, fixed
        self.scale = nn.Parameter(torch.ones(len(layer.weight) - fixed))

    def factors(self) -> Tensor:
        """Return all factors, (out,)."""
        return (
            torch.cat([self.scale.new_ones(self.fixed), self.scale]) if self.fixed else self.scale
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the scaled outputs."""
        outputs = self.layer(inputs)
        factors = self.factors().to(outputs.dtype)
        return outputs * (factors.view(-1, 1, 1) if isinstance(self.layer, nn.Conv2d) else factors)

    @torch.no_grad()
    def merged(self) -> nn.Module:
        """Return the layer with the factors in its weights."""
        factors = self.factors()
        self.layer.weight.mul_(factors.view(-1, *[1] * (self.layer.weight.ndim - 1)))
        if self.layer.bias is not None:
            self.layer.bias.mul_(factors)
        return self.layer


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone`, frozen, with trainable factors and a trainable head."""
    blocks = blocks_for("ia3", backbone, FITS)
    backbone = linear_probe.apply(backbone, settings)
    for block in blocks["transformer"]:
        block.attn.qkv = Scaled(block.attn.qkv, fixed=block.attn.qkv.out_features // 3)
    for block in [*blocks["transformer"], *blocks["convnext"]]:
        block.mlp.fc1, block.mlp.fc2 = Scaled(block.mlp.fc1), Scaled(block.mlp.fc2)
    return backbone


def merge(backbone: nn.Module) -> nn.Module:
    """Return a copy of the plain architecture with the factors multiplied into its weights."""
    plain = deepcopy(backbone)
    for name, module in list(plain.named_modules()):
        if isinstance(module, Scaled):
            plain.set_submodule(name, module.merged())
    return plain
