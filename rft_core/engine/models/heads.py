"""The heads of a backbone: the layers that turn its features into logits."""

from typing import Any

from torch import nn

from rft_core.errors import StrategyError


def heads(backbone: nn.Module) -> tuple[nn.Module, ...]:
    """Return the modules that depend on the classes; empty if an architecture has none.

    Distilled architectures have two heads and average their logits, CrossViT has a head for each
    of its scales; timm returns these as tuples or lists. VOLO adds the logits of its patches, by an
    auxiliary head that timm does not count as part of the classifier.
    """
    classifier: object = getattr(backbone, "get_classifier", tuple)()
    found = classifier if isinstance(classifier, tuple | list) else (classifier,)
    candidates = [*found, getattr(backbone, "aux_head", None)]
    return tuple(module for module in candidates if _has_weights(module))


def timm_network(backbone: nn.Module) -> Any:
    """Return `backbone` for the methods of timm's networks, which the type of a module lacks."""
    return backbone


def head_names(backbone: nn.Module) -> tuple[str, ...]:
    """Return the beginnings of the names of all tensors of the heads, such as ("head.",)."""
    found = heads(backbone)
    named = backbone.named_modules()
    return tuple(f"{name}." for name, module in named if any(module is head for head in found))


def train_heads(backbone: nn.Module) -> None:
    """Make the heads of `backbone` trainable; StrategyError where it has none."""
    found = heads(backbone)
    if not found:
        raise StrategyError(
            f"this {type(backbone).__name__} has no classification head that could be trained;"
            " choose another model.backbone"
        )
    for head in found:
        head.requires_grad_(True)


def _has_weights(module: object) -> bool:
    return isinstance(module, nn.Module) and any(True for _ in module.parameters())
