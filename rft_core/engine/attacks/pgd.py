"""Projected gradient descent (Madry et al., ICLR 2018), in linf and l2.

The step is relative to epsilon: under an epsilon schedule a fixed step would dwarf a small budget,
and on a robustness curve it would make the larger budgets look safe.
"""

from functools import partial

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.losses import cross_entropy
from rft_core.engine.attacks.norms import NORMS, Norm
from rft_core.engine.attacks.stepwise import (
    GradientAtPoint,
    Loss,
    State,
    StepwiseAttack,
    input_gradient,
    random_point,
    run_to_end,
)

# of FGSM from a random point, as a share of epsilon
RANDOM_START_STEP = 1.25


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
    loss: Loss = cross_entropy,
    restarts: int = 1,
) -> Tensor:
    """Return adversarial images (N, C, H, W) within `epsilon` of `images` and inside [0, 1].

    `model` maps pixels in [0, 1] to logits (N, K); `labels` (N,). The step size is
    `relative_step_size` * epsilon, 2.5 / steps when not given. `loss` (logits, labels) -> (N,) is
    maximised; cross-entropy by default. One restart gives the last iterate, as is usual in
    training; several give the best point seen in any of them.
    """
    if restarts > 1:
        attack = pgd_stepwise(steps, relative_step_size, loss)
        return run_to_end(
            attack,
            model,
            images,
            labels,
            norm=norm,
            epsilon=epsilon,
            random_start=random_start,
            generator=generator,
            restarts=restarts,
        )
    ball = NORMS[norm]
    step_size = step_share(relative_step_size, steps) * epsilon
    adversarial = random_point(images, epsilon, norm, generator) if random_start else images.clone()
    for _ in range(steps):
        at_point = input_gradient(model, adversarial, labels, loss)
        adversarial = ascend(adversarial, at_point.gradient, images, ball, epsilon, step_size)
    return adversarial


def fgsm(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    steps: int = 1,
    relative_step_size: float | None = None,
    random_start: bool = False,
    **options,
) -> Tensor:
    """Return images after one step along the gradient's sign.

    From the image itself the step is epsilon long (Goodfellow et al., ICLR 2015). From a random
    point of the ball it is 1.25 epsilon long, so that it can cross the ball (Wong et al., ICLR
    2020, "Fast is better than free"); objectives whose loss has no slope at the image need
    that. `steps` and `relative_step_size` are not used. A model trained with one step may look
    robust to it and fall to PGD.
    """
    step = RANDOM_START_STEP if random_start else 1.0
    return pgd(
        model,
        images,
        labels,
        norm=norm,
        epsilon=epsilon,
        steps=1,
        relative_step_size=step,
        random_start=random_start,
        **options,
    )


def pgd_stepwise(
    steps: int, relative_step_size: float | None = None, loss: Loss = cross_entropy
) -> StepwiseAttack:
    """Return PGD as a stepwise attack."""
    advance = partial(_advance, share=step_share(relative_step_size, steps))
    return StepwiseAttack(_start, advance, length=lambda classes: steps, loss=loss)


def fgsm_stepwise(steps: int, relative_step_size: float | None = None) -> StepwiseAttack:
    """Return FGSM from the image as a stepwise attack of one step, whatever `steps` and
    `relative_step_size` say.
    """
    return pgd_stepwise(1, 1.0)


def _start(images: Tensor, first: Tensor, epsilon: Tensor) -> State:
    return {"point": first}


def _advance(
    state: State,
    at_point: GradientAtPoint,
    images: Tensor,
    epsilon: Tensor,
    ball: Norm,
    *,
    share: float,
) -> State:
    return {
        "point": ascend(state["point"], at_point.gradient, images, ball, epsilon, share * epsilon)
    }


def step_share(relative_step_size: float | None, steps: int) -> float:
    """Return the step as a share of epsilon; 2.5 / steps lets the attack cross
    the ball and come back.
    """
    return 2.5 / steps if relative_step_size is None else relative_step_size


def ascend(
    adversarial: Tensor,
    gradient: Tensor,
    images: Tensor,
    ball: Norm,
    epsilon: float | Tensor,
    step_size: float | Tensor,
) -> Tensor:
    """Return the next iterate: one step up the gradient, projected into the
    ball and into [0, 1].
    """
    # in place where a tensor is ours: a new tensor of this size costs as much as the arithmetic
    moved = (adversarial + ball.direction(gradient).mul_(step_size)).sub_(images)
    return ball.project(moved, epsilon).add_(images).clamp_(0, 1)
