"""Norms: the three things an attack needs to know about a ball, each for a
whole batch (N, C, H, W).

`epsilon` is a number, or a tensor (N, 1, 1, 1) with one budget an image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import torch
from torch import Tensor

# the same guard as torchattacks, so that the two agree to the last bit
TINY = 1e-10
SMALLEST = 1e-30


@dataclass(frozen=True)
class Norm:
    """`project` a perturbation into the ball, turn a gradient into a unit `direction`, draw
    `random` points, `size`.
    """

    name: str
    project: Callable[[Tensor, float | Tensor], Tensor]
    direction: Callable[[Tensor], Tensor]
    random: Callable[[Tensor, float | Tensor, torch.Generator | None], Tensor]
    size: Callable[[Tensor], Tensor]


def _lengths(batch: Tensor) -> Tensor:
    return torch.linalg.vector_norm(batch.flatten(1), dim=1).view(-1, 1, 1, 1)


def _clamp(delta: Tensor, epsilon: float | Tensor) -> Tensor:
    # clamp takes a number or a tensor, but its overloads do not say so of a union
    bound = cast(Tensor, epsilon)
    return torch.clamp(delta, min=-bound, max=bound)


def _shorten(delta: Tensor, epsilon: float | Tensor) -> Tensor:
    # the floor avoids 0 / 0 for no perturbation in a ball of radius 0
    return delta * (epsilon / _lengths(delta).clamp(min=SMALLEST)).clamp(max=1.0)


def _unit(gradient: Tensor) -> Tensor:
    return gradient / (_lengths(gradient) + TINY)


def _random_box(like: Tensor, epsilon: float | Tensor, generator: torch.Generator | None) -> Tensor:
    return (
        2 * torch.rand(like.shape, generator=generator, device=like.device, dtype=like.dtype) - 1
    ) * epsilon


def _random_ball(
    like: Tensor, epsilon: float | Tensor, generator: torch.Generator | None
) -> Tensor:
    direction = torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)
    radius = torch.rand(
        (len(like), 1, 1, 1), generator=generator, device=like.device, dtype=like.dtype
    )
    return _unit(direction) * radius * epsilon


def _largest(delta: Tensor) -> Tensor:
    return delta.abs().amax(dim=(1, 2, 3))


def _length(delta: Tensor) -> Tensor:
    return _lengths(delta).view(-1)


NORMS = MappingProxyType(
    {
        "linf": Norm("linf", _clamp, torch.sign, _random_box, _largest),
        "l2": Norm("l2", _shorten, _unit, _random_ball, _length),
    }
)
