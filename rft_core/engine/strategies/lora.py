"""LoRA: a low-rank update beside frozen weights (Hu et al., ICLR 2022), placed as in
Li et al., ICCV 2025.

y = layer(x) + alpha / rank * up(down(x)); `up` starts at zero, so a fresh model gives the outputs
it gave before. Changed layers: q, k, v and both MLP layers of transformer blocks; both MLP layers
of ConvNeXt blocks; the ungrouped 3 x 3 convolutions of residual blocks. The layers are peft's,
except for timm's fused q,k,v projection: peft would give the three a shared `down`, the paper has
three separate pairs, and so 1,187,338 trained weights on ViT-B/16 with 10 classes, as in its table.
"""

import math
from copy import deepcopy
from typing import cast

import torch
import torch.nn.functional as F
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from rft_core.engine.models.heads import train_heads
from rft_core.engine.strategies import linear_probe
from rft_core.engine.strategies.blocks import blocks_for, is_three_by_three
from rft_core.spec.sections import StrategySpec

FITS = ("transformer", "convnext", "residual")
PARTS = 3


class FusedLora(nn.Module):
    """A linear layer that computes q, k and v at once, with a low-rank pair for each of them."""

    def __init__(self, layer: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.layer, self.rank, self.scale = layer, rank, alpha / rank
        down = torch.empty(PARTS, rank, layer.in_features)
        for pair in down:
            nn.init.kaiming_uniform_(pair, a=math.sqrt(5))
        self.down = nn.Parameter(down)
        self.up = nn.Parameter(torch.zeros(PARTS, layer.out_features // PARTS, rank))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (..., 3 * width) from inputs (..., width)."""
        low = F.linear(inputs, self.down.flatten(0, 1)).unflatten(-1, (PARTS, self.rank))
        return self.layer(inputs) + self.scale * torch.einsum(
            "...pr,por->...po", low, self.up
        ).flatten(-2)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return the layer with the update in its weight."""
        self.layer.weight.add_(self.scale * (self.up @ self.down).flatten(0, 1))
        return self.layer


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone`, frozen, with trainable low-rank pairs and a trainable head."""
    blocks = blocks_for("lora", backbone, FITS)
    backbone = linear_probe.apply(backbone, settings)
    layers = [
        layer
        for block in [*blocks["transformer"], *blocks["convnext"]]
        for layer in (block.mlp.fc1, block.mlp.fc2)
    ]
    layers += [
        layer
        for block in blocks["residual"]
        for layer in block.children()
        if is_three_by_three(layer)
    ]
    names = {module: name for name, module in backbone.named_modules()}
    config = LoraConfig(
        r=settings.rank,
        # peft annotates an int, and takes any number
        lora_alpha=cast(int, settings.alpha),
        lora_dropout=0.0,
        target_modules=[names[layer] for layer in layers],
    )
    backbone = inject_adapter_in_model(config, backbone)
    for block in blocks["transformer"]:
        block.attn.qkv = FusedLora(block.attn.qkv, settings.rank, settings.alpha)
    # peft froze everything but its own weights
    train_heads(backbone)
    return backbone


def merge(backbone: nn.Module) -> nn.Module:
    """Return a copy of the plain architecture with the updates added to its weights."""
    plain = deepcopy(backbone)
    for name, module in list(plain.named_modules()):
        if isinstance(module, FusedLora):
            plain.set_submodule(name, module.merged())
        elif isinstance(module, LoraLayer):
            module.merge()
            plain.set_submodule(name, module.get_base_layer())
    del plain.peft_config
    return plain
