"""The menu of fine-tuning strategies."""

from dataclasses import dataclass

from rft_core.spec.choice import Choice, menu
from rft_core.spec.menus.papers import TRADEOFF_PAPER


@dataclass(frozen=True)
class StrategyRow(Choice):
    """A strategy: a function (backbone, settings) -> backbone, with `merge` beside it.

    `settings` are the dotted settings that count for it, which are those that the form shows. The
    rest is what the estimate of memory needs: `trained_share` of all weights (of ViT-B/16 with 10
    classes, Li et al., ICCV 2025); `kept_share`, the numbers kept for the backward pass against
    those of full fine-tuning, or of frozen weights where `is_frozen` says that no weight deep in
    the backbone asks for a gradient of its own (counted where autograd keeps them on deit_small,
    convnext_atto and resnet18, the middle of the three); `program_bytes`, the memory of libraries
    that only it loads. Without them it is counted as full fine-tuning, the largest.
    """

    settings: tuple[str, ...] = ()
    trained_share: float = 1.0
    is_frozen: bool = False
    kept_share: float = 1.0
    program_bytes: int = 0


STRATEGIES = menu(
    StrategyRow(
        "full_finetune",
        "Full fine-tuning",
        "Every weight is trained.",
        TRADEOFF_PAPER,
        "rft_core.engine.strategies.full_finetune:apply",
    ),
    StrategyRow(
        "linear_probe",
        "Linear probe",
        "Only the new classification head is trained; the backbone stays frozen.",
        TRADEOFF_PAPER,
        "rft_core.engine.strategies.linear_probe:apply",
        trained_share=1e-4,
        is_frozen=True,
    ),
    StrategyRow(
        "bitfit",
        "BitFit",
        "Only biases and the head are trained; in a ResNet the biases are those of the norms.",
        f"Ben Zaken et al., ACL 2022; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.bitfit:apply",
        trained_share=1.3e-3,
        is_frozen=True,
    ),
    StrategyRow(
        "lora",
        "LoRA",
        "Low-rank updates beside frozen weights of attention and MLP, or of a ResNet's 3 x 3"
        " convolutions; rank and alpha.",
        f"Hu et al., ICLR 2022; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.lora:apply",
        settings=("strategy.rank", "strategy.alpha"),
        trained_share=1.36e-2,
        # 1.0 was counted; raised to fit what peft was measured to take
        kept_share=1.2,
        program_bytes=80_000_000,
    ),
    StrategyRow(
        "adapter",
        "Adapter",
        "A small bottleneck after attention and after the MLP of each block; reduction 8.",
        f"Houlsby et al., ICML 2019; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.adapter:apply",
        settings=("strategy.reduction",),
        trained_share=3.97e-2,
        is_frozen=True,
        kept_share=1.2,
    ),
    StrategyRow(
        "compacter",
        "Compacter",
        "Adapters with weights made of shared Kronecker factors, about sixty times fewer;"
        " reduction 32.",
        f"Karimi Mahabadi et al., NeurIPS 2021; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.compacter:apply",
        settings=("strategy.reduction",),
        trained_share=7.5e-4,
        is_frozen=True,
        kept_share=1.2,
    ),
    StrategyRow(
        "ia3",
        "(IA)³",
        "One trained factor for each channel of keys, values and both MLP layers.",
        f"Liu et al., NeurIPS 2022, with the places of {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.ia3:apply",
        trained_share=8.4e-4,
        kept_share=1.2,
    ),
)
