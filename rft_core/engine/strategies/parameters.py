"""How many weights are trained, and where in the network they are. Plain data."""

from typing import Any

from torch import nn


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Return (trainable, total) numbers of weights; a shared weight counts once."""
    parameters = list(model.parameters())
    return sum(parameter.numel() for parameter in parameters if parameter.requires_grad), sum(
        parameter.numel() for parameter in parameters
    )


def where(model: nn.Module) -> list[dict[str, Any]]:
    """Return one row a part of the network, in its order: ``{"module": "blocks.3",
    "trainable": n, "total": n}``.

    A part is a child of the backbone; a stack of like blocks or stages has one
    row for each of them.
    """
    network = getattr(model, "backbone", model)
    rows: dict[str, dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        part = _part(network, name)
        row = rows.setdefault(part, {"module": part, "trainable": 0, "total": 0})
        row["total"] += parameter.numel()
        row["trainable"] += parameter.numel() if parameter.requires_grad else 0
    return list(rows.values())


def _part(network: nn.Module, name: str) -> str:
    first, _, rest = name.partition(".")
    return f"{first}.{rest.partition('.')[0]}" if _is_stack(getattr(network, first)) else first


def _is_stack(module: Any) -> bool:
    members = list(module) if isinstance(module, nn.Sequential | nn.ModuleList) else []
    return len({type(member) for member in members}) == 1 and all(
        any(member.children()) for member in members
    )
