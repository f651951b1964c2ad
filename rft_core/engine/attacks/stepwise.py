"""Stepwise attacks: attacks taken one gradient at a time, each image at its own step.

The state of an attack is plain data, a mapping from names to tensors whose first dimension is that
of the images. "point" is where the gradient is needed next. `start` makes a state, `advance` takes
the gradient at its points and moves on; an attack is a loop around the two. Evaluation runs many
attacks side by side and replaces each as it ends, so that batches stay full.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.losses import cross_entropy
from rft_core.engine.attacks.norms import NORMS, Norm
from rft_core.engine.hardware.products import weights_at_rest

State = dict[str, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


class GradientAtPoint(NamedTuple):
    """What an attack learns about its current points: gradient (N, C, H, W), logits (N, K) and
    losses (N,).
    """

    gradient: Tensor
    logits: Tensor
    values: Tensor


@dataclass(frozen=True)
class StepwiseAttack:
    """One attack: how it starts and moves. `images` and `epsilon` (N, 1, 1, 1) belong to the
    rows of the state.

    start (images, first, epsilon) -> state, `first` being the points to start from.
    advance (state, at_point, images, epsilon, ball) -> state, `at_point` being what was found at
    the state's points. length (classes) -> moves until the attack gives up. choose_loss (state) ->
    the loss at the state's points, for an attack that changes its loss on the way; otherwise `loss`
    is used.
    """

    start: Callable[[Tensor, Tensor, Tensor], State]
    advance: Callable[[State, GradientAtPoint, Tensor, Tensor, Norm], State]
    length: Callable[[int], int]
    loss: Loss = cross_entropy
    choose_loss: Callable[[State], Loss] | None = None

    def loss_at(self, state: State) -> Loss:
        """Return the loss (logits, labels) -> (N,) that is maximised from the points of `state`."""
        return self.loss if self.choose_loss is None else self.choose_loss(state)


def input_gradient(
    model: nn.Module, images: Tensor, labels: Tensor, loss: Loss = cross_entropy
) -> GradientAtPoint:
    """Return gradient, logits and losses at `images`; the weights' gradients are not computed."""
    with torch.enable_grad(), weights_at_rest():
        leaf = images.detach().requires_grad_(True)
        logits = model(leaf)
        values = loss(logits, labels)
        # sum, not mean: an image's gradient must not depend on its batch
        (gradient,) = torch.autograd.grad(values.sum(), leaf)
    return GradientAtPoint(gradient, logits.detach(), values.detach())


def random_point(
    images: Tensor, epsilon: float | Tensor, norm: str, generator: torch.Generator | None
) -> Tensor:
    """Return random points of the balls around `images`, inside [0, 1]."""
    return torch.clamp(images + NORMS[norm].random(images, epsilon, generator), 0, 1)


def run_to_end(
    attack: StepwiseAttack,
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    random_start: bool,
    generator: torch.Generator | None,
    restarts: int = 1,
    prefer_misclassified: bool = True,
) -> Tensor:
    """Run the attack from the image (or a random point) and return, for each image, the best point
    found in all restarts.

    Best is the point with the largest loss, as training wants it; the start itself does not count,
    so that every image comes back perturbed. With `prefer_misclassified`, as measuring wants it, a
    misclassified point is better than every other, the first such point is kept, and the start
    counts too. The first restart begins as `random_start` says, every later one at a random point.
    """
    epsilons = torch.full((len(images), 1, 1, 1), epsilon, device=images.device, dtype=images.dtype)
    best, best_rank = images.clone(), torch.full((len(images),), -torch.inf, device=images.device)
    for attempt in range(restarts):
        first = (
            random_point(images, epsilon, norm, generator) if random_start or attempt else images
        )
        state, moves, length = attack.start(images, first, epsilons), 0, 1
        while moves <= length:
            at_point = input_gradient(model, state["point"], labels, attack.loss_at(state))
            length = attack.length(at_point.logits.shape[1])
            rank = at_point.values
            if prefer_misclassified:
                rank = torch.where(at_point.logits.argmax(1) != labels, torch.inf, rank)
            if moves or prefer_misclassified:
                better = rank > best_rank
                best = torch.where(better.view(-1, 1, 1, 1), state["point"], best)
                best_rank = torch.maximum(best_rank, rank)
            state = attack.advance(state, at_point, images, epsilons, NORMS[norm])
            moves += 1
    return best


def where(mask: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    """Return `yes` for the images (N,) of `mask` and `no` for the others, both (N, ...)."""
    return torch.where(mask.view(-1, *([1] * (yes.ndim - 1))), yes, no)
