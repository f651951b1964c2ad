"""Adapter: a small bottleneck after each residual branch (Houlsby et al., ICML 2019), placed as in
Li et al., ICCV 2025.

h = x + a + up(GELU(down(a))) with a = attention(x) or MLP(x): after attention and after the MLP of
transformer blocks, inside the residual branch and after its layer scale; after the MLP of ConvNeXt
blocks, before their layer scale. Weights start from N(0, .02), biases at 0, so a fresh model gives
nearly the outputs it gave before. 3,567,370 trained weights on ViT-B/16 with 10 classes, as in the
paper's table. A bottleneck is not linear and cannot be merged.
"""

from collections.abc import Callable

from torch import Tensor, nn

from rft_core.engine.strategies import linear_probe
from rft_core.engine.strategies.blocks import blocks_for
from rft_core.spec.sections import StrategySpec

FITS = ("transformer", "convnext")
REDUCTION = 8
INITIAL_STD = 0.02


class Adapted(nn.Module):
    """a + bottleneck(a) with a = layer(x); `channels` is the dimension of the channels in a."""

    def __init__(self, layer: nn.Module, bottleneck: nn.Module, channels: int = -1):
        super().__init__()
        self.layer, self.bottleneck, self.channels = layer, bottleneck, channels

    def forward(self, *inputs: Tensor, **options: object) -> Tensor:
        """Return the adapted outputs of the layer."""
        outputs = self.layer(*inputs, **options)
        return outputs + self.bottleneck(outputs.movedim(self.channels, -1)).movedim(
            -1, self.channels
        )


def apply(backbone: nn.Module, settings: StrategySpec) -> nn.Module:
    """Return `backbone`, frozen, with trainable bottlenecks and a trainable head."""
    return insert(
        "adapter",
        backbone,
        settings,
        lambda width: bottleneck(width, settings.reduction or REDUCTION),
    )


def bottleneck(width: int, reduction: int) -> nn.Sequential:
    """Return up(GELU(down(a))) through width / reduction channels."""
    narrow = max(1, width // reduction)
    down, up = nn.Linear(width, narrow), nn.Linear(narrow, width)
    for layer in (down, up):
        nn.init.normal_(layer.weight, std=INITIAL_STD)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(down, nn.GELU(), up)


def insert(
    strategy: str, backbone: nn.Module, settings: StrategySpec, build: Callable[[int], nn.Module]
) -> nn.Module:
    """Return `backbone`, frozen except for its head, with a new `build` (width) after each residual
    branch.
    """
    blocks = blocks_for(strategy, backbone, FITS)
    backbone = linear_probe.apply(backbone, settings)
    for block in blocks["transformer"]:
        width = len(block.mlp.fc2.weight)
        for scale, branch in (("ls1", "attn"), ("ls2", "mlp")):
            attribute = scale if hasattr(block, scale) else branch
            setattr(block, attribute, Adapted(getattr(block, attribute), build(width)))
    for block in blocks["convnext"]:
        # a ConvNeXt block has channels last around its MLP unless that is made of convolutions
        channels = 1 if isinstance(block.mlp.fc2, nn.Conv2d) else -1
        block.mlp = Adapted(block.mlp, build(len(block.mlp.fc2.weight)), channels)
    return backbone
