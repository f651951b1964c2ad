"""Blocks: the kinds of blocks that strategies add weights to, and the error if a network has none
of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

from rft_core.errors import StrategyError
from rft_core.spec import catalog

# a module with the layers that its Kind marks, which the type of a module does not name
Block = Any


@dataclass(frozen=True)
class Kind:
    """A kind of block: its name, the modules that mark it, and a condition on such modules."""

    label: str
    marks: tuple[str, ...]
    holds: Callable[[Block], bool]

    def __str__(self) -> str:
        return f"{self.label} ({', '.join(self.marks)})"

    def find(self, backbone: nn.Module) -> list[Block]:
        """Return the blocks of this kind in `backbone`, in network order."""
        return [
            module
            for module in backbone.modules()
            if all(_has(module, mark) for mark in self.marks) and self.holds(module)
        ]


def is_three_by_three(module: nn.Module) -> bool:
    """Return whether `module` is an ordinary 3 x 3 convolution, not a grouped one."""
    return isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3) and module.groups == 1


def _calls_its_projection(block: Block) -> bool:
    # attention with separate q and v biases reads qkv.weight directly, so a module around qkv would
    # not be called
    return isinstance(block.attn.qkv, nn.Linear) and getattr(block.attn, "q_bias", None) is None


def _has(module: nn.Module, path: str) -> bool:
    found: object = module
    for name in path.split("."):
        found = getattr(found, name, None)
        if not isinstance(found, nn.Module):
            return False
    return True


KINDS = MappingProxyType(
    {
        "transformer": Kind(
            "transformer blocks", ("attn.qkv", "mlp.fc1", "mlp.fc2"), _calls_its_projection
        ),
        "convnext": Kind("ConvNeXt blocks", ("conv_dw", "mlp.fc1", "mlp.fc2"), lambda block: True),
        "residual": Kind(
            "residual blocks",
            ("conv1", "bn1", "conv2", "bn2"),
            lambda block: any(is_three_by_three(child) for child in block.children()),
        ),
    }
)


def blocks_for(strategy: str, backbone: nn.Module, fits: Sequence[str]) -> dict[str, list[Block]]:
    """Return kind -> blocks for the kinds in `fits`; StrategyError if `backbone` has none."""
    blocks = {kind: KINDS[kind].find(backbone) for kind in fits}
    if any(blocks.values()):
        return blocks
    wanted = " or ".join(str(KINDS[kind]) for kind in fits)
    found = [f"{len(found)} {kind}" for kind in KINDS.values() if (found := kind.find(backbone))]
    raise StrategyError(
        f"the strategy '{strategy}' looks for {wanted}; this {type(backbone).__name__} has"
        f" {' and '.join(found) or 'none'}; strategies that fit it: {', '.join(fitting(backbone))}"
    )


def fitting(backbone: nn.Module) -> list[str]:
    """Return the names of the strategies whose blocks `backbone` has, in the order of the menu."""
    needs = {choice.name: choice.companion("FITS") for choice in catalog.choices("strategies")}
    return [
        name
        for name, fits in needs.items()
        if fits is None or any(KINDS[kind].find(backbone) for kind in fits)
    ]
