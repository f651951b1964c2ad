"""Projected gradient descent (Madry et al., ICLR 2018), in linf and l2.

The step is relative to epsilon: under an epsilon schedule a fixed step would dwarf a small budget, and on a robustness
curve it would make the larger budgets look safe.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.attacks.norms import NORMS, Norm

Loss = Callable[[Tensor, Tensor], Tensor]


def pgd(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    steps: int,
    relative_step_size: float | None = None,
    random_start: bool = False,
    generator: torch.Generator | None = None,
    loss: Loss | None = None,
) -> Tensor:
    """Return adversarial images (N, C, H, W) within `epsilon` of `images` and inside [0, 1].

    `model` maps pixels in [0, 1] to logits (N, K); `labels` (N,). The step size is `relative_step_size` * epsilon,
    2.5 / steps when not given. `loss` (logits, labels) -> scalar is maximised; summed cross-entropy by default.
    """
    ball = NORMS[norm]
    step_size = step_share(relative_step_size, steps) * epsilon
    adversarial = images.clone()
    if random_start:
        adversarial = torch.clamp(images + ball.random(images, epsilon, generator), 0, 1)
    for _ in range(steps):
        gradient, _ = input_gradient(model, adversarial, labels, loss)
        adversarial = ascend(adversarial, gradient, images, ball, epsilon, step_size)
    return adversarial


def step_share(relative_step_size: float | None, steps: int) -> float:
    """Return the step as a share of epsilon; 2.5 / steps lets the walk cross the ball and come back."""
    return 2.5 / steps if relative_step_size is None else relative_step_size


def input_gradient(model: nn.Module, images: Tensor, labels: Tensor, loss: Loss | None = None) -> tuple[Tensor, Tensor]:
    """Return (gradient of the loss at `images`, logits); the weights' gradients are neither computed nor touched."""
    with torch.enable_grad():
        leaf = images.detach().requires_grad_(True)
        logits = model(leaf)
        # sum, not mean: one image's gradient must not depend on the batch it stands in
        value = F.cross_entropy(logits.float(), labels, reduction="sum") if loss is None else loss(logits, labels)
        (gradient,) = torch.autograd.grad(value, leaf)
    return gradient, logits.detach()


def ascend(adversarial: Tensor, gradient: Tensor, images: Tensor, ball: Norm, epsilon: float | Tensor, step_size: float | Tensor) -> Tensor:
    """Return the next iterate: one step up the gradient, projected into the ball and into [0, 1]."""
    moved = adversarial + step_size * ball.direction(gradient)
    return torch.clamp(images + ball.project(moved - images, epsilon), 0, 1)
