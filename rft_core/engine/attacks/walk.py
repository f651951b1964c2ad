"""Walks: attacks taken one gradient at a time, each image at its own place in its own walk.

A walk is plain data, a mapping from names to tensors whose first dimension is the images'. "point" is where the gradient
is wanted next. `start` makes a walk, `advance` takes the gradient there and moves on; an attack is a loop around the two.
Evaluation runs many walks side by side and replaces each as it ends, so that batches stay full.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.losses import cross_entropy
from rft_core.engine.attacks.norms import NORMS, Norm
from rft_core.engine.products import weights_at_rest

State = dict[str, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Walk:
    """One attack: how it starts and moves. `images` and `epsilon` (N, 1, 1, 1) belong to the places of the state.

    start (images, first, epsilon) -> state, `first` being the points to start from.
    advance (state, gradient, values, images, epsilon, ball) -> state, with the loss of each image in `values` (N,).
    """

    start: Callable[[Tensor, Tensor, Tensor], State]
    advance: Callable[[State, Tensor, Tensor, Tensor, Tensor, Norm], State]
    loss: Loss = cross_entropy


def input_gradient(model: nn.Module, images: Tensor, labels: Tensor, loss: Loss = cross_entropy) -> tuple[Tensor, Tensor, Tensor]:
    """Return (gradient (N, C, H, W), logits (N, K), losses) at `images`; the weights' gradients are not computed."""
    with torch.enable_grad(), weights_at_rest():
        leaf = images.detach().requires_grad_(True)
        logits = model(leaf)
        values = loss(logits, labels)
        # sum, not mean: one image's gradient must not depend on the batch it stands in
        (gradient,) = torch.autograd.grad(values.sum(), leaf)
    return gradient, logits.detach(), values.detach()


def random_point(images: Tensor, epsilon: float | Tensor, norm: str, generator: torch.Generator | None) -> Tensor:
    """Return random points of the balls around `images`, inside [0, 1]."""
    return torch.clamp(images + NORMS[norm].random(images, epsilon, generator), 0, 1)


def walk_to_end(
    walk: Walk,
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    steps: int,
    random_start: bool,
    generator: torch.Generator | None,
    restarts: int = 1,
) -> Tensor:
    """Take `steps` steps from the image (or a random point) and return, for each image, the best point found.

    Best is a misclassified point where there is one, else the one with the largest loss; over all restarts. The first
    restart begins as `random_start` says, every further one at a random point.
    """
    epsilons = torch.full((len(images), 1, 1, 1), epsilon, device=images.device, dtype=images.dtype)
    best, best_rank = images.clone(), torch.full((len(images),), -torch.inf, device=images.device)
    for attempt in range(restarts):
        first = random_point(images, epsilon, norm, generator) if random_start or attempt else images
        state = walk.start(images, first, epsilons)
        for _ in range(steps + 1):
            gradient, logits, values = input_gradient(model, state["point"], labels, walk.loss)
            fooled = logits.argmax(1) != labels
            # any misclassified point ranks above every other
            rank = torch.where(fooled, torch.inf, values)
            better = rank > best_rank
            best = torch.where(better.view(-1, 1, 1, 1), state["point"], best)
            best_rank = torch.maximum(best_rank, rank)
            state = walk.advance(state, gradient, values, images, epsilons, NORMS[norm])
    return best
