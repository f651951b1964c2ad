"""How many weights are trained, and in which parts of the network, as plain data."""

from typing import Any

from torch import nn


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Return (trainable, total) numbers of weights; a shared weight counts once."""
    parameters = list(model.parameters())
    return sum(parameter.numel() for parameter in parameters if parameter.requires_grad), sum(
        parameter.numel() for parameter in parameters
    )


def where(model: nn.Module) -> list[dict[str, Any]]:
    """Return a row for each part of the network, in its order: ``{"module": "blocks.3",
    "trainable": n, "total": n}``.

    A part is a child of the backbone; in a stack of equal blocks or stages each is a part.
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
