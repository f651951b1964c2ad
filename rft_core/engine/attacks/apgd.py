"""APGD: PGD with momentum and a step size that halves itself (Croce and Hein,
ICML 2020, algorithm 1).

Starts with a step of 2 epsilon. At checkpoints the step is halved, and the attack goes back to its
best point, if the loss rose in fewer than 75 % of the steps since the last checkpoint, or if
neither step nor best loss changed. With 7 steps every step is a checkpoint; with 10 the first
window is 2.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.losses import cross_entropy, dlr_until_wrong
from rft_core.engine.attacks.norms import Norm
from rft_core.engine.attacks.stepwise import (
    GradientAtPoint,
    Loss,
    State,
    StepwiseAttack,
    run_to_end,
    where,
)

MOMENTUM, RISING_SHARE = 0.75, 0.75
FIRST_WINDOW, SMALLEST_WINDOW, WINDOW_DECREASE = 0.22, 0.06, 0.03


def apgd_stepwise(
    steps: int, relative_step_size: float | None = None, loss: Loss = cross_entropy
) -> StepwiseAttack:
    """Return APGD over `steps` steps as a stepwise attack; it chooses its own step size."""
    return StepwiseAttack(start(steps), advance(steps), length=lambda classes: steps, loss=loss)


def start(steps: int) -> Callable[[Tensor, Tensor, Tensor], State]:
    """Return (images, first, epsilon) -> the state of an APGD that will take `steps` steps."""
    return partial(_start, steps=steps)


def advance(steps: int) -> Callable[[State, GradientAtPoint, Tensor, Tensor, Norm], State]:
    """Return (state, at_point, images, epsilon, ball) -> the state after the next step, for an
    APGD of `steps` steps.
    """
    return partial(_advance, steps=steps)


def apgd(
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
    prefer_misclassified: bool = False,
) -> Tensor:
    """Return adversarial images (N, C, H, W) within `epsilon` and [0, 1] that maximise `loss`
    (APGD-CE by default).

    It returns the iterate with the largest loss (algorithm 1's x_max), which is what training
    wants: libraries return the first misclassified iterate instead (`prefer_misclassified`), and so
    return an image that is misclassified without an attack unchanged. `relative_step_size`
    is not used: APGD chooses its own. Costs steps + 1 gradient evaluations a restart.
    """
    attack = apgd_stepwise(steps, loss=loss)
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
        prefer_misclassified=prefer_misclassified,
    )


def apgd_dlr(model: nn.Module, images: Tensor, labels: Tensor, **options) -> Tensor:
    """APGD on the difference of logits ratio; on two classes on the margin, because
    the ratio needs three.

    An objective's own `loss` among the `options` takes precedence.
    """
    return apgd(model, images, labels, **{"loss": dlr_until_wrong} | options)


def apgd_dlr_stepwise(steps: int, relative_step_size: float | None = None) -> StepwiseAttack:
    """Return APGD-DLR as a stepwise attack."""
    return apgd_stepwise(steps, loss=dlr_until_wrong)


def _start(images: Tensor, first: Tensor, epsilon: Tensor, *, steps: int) -> State:
    n, minus_infinity = len(images), images.new_full((len(images),), -torch.inf)
    return {
        "point": first,
        "previous": first,
        "step_size": 2 * epsilon.clone(),
        "best": first,
        "best_value": minus_infinity,
        "best_gradient": torch.zeros_like(first),
        "last_value": minus_infinity.clone(),
        "best_at_check": minus_infinity.clone(),
        "was_reduced": torch.ones(n, dtype=torch.bool, device=images.device),
        "rises": torch.zeros(n, dtype=torch.long, device=images.device),
        "since_check": torch.zeros(n, dtype=torch.long, device=images.device),
        "window": torch.full((n,), max(int(FIRST_WINDOW * steps), 1), device=images.device),
        "moved": torch.zeros(n, dtype=torch.bool, device=images.device),
    }


def _advance(
    state: State,
    at_point: GradientAtPoint,
    images: Tensor,
    epsilon: Tensor,
    ball: Norm,
    *,
    steps: int,
) -> State:
    state, gradient, values = dict(state), at_point.gradient, at_point.values
    better = values > state["best_value"]
    state["best"] = where(better, state["point"], state["best"])
    state["best_gradient"] = where(better, gradient, state["best_gradient"])
    state["best_value"] = torch.maximum(values, state["best_value"])
    state["rises"] = state["rises"] + (state["moved"] & (values > state["last_value"]))
    state["since_check"] = state["since_check"] + state["moved"]
    state["last_value"] = values
    gradient = _check(state, gradient, steps)
    return _move(state, gradient, images, epsilon, ball)


def _check(state: State, gradient: Tensor, steps: int) -> Tensor:
    """At a checkpoint halve the step and go back to the best point where the attack stalls; return
    the gradients to use.
    """
    due = state["since_check"] >= state["window"]
    rose_rarely = state["rises"] <= RISING_SHARE * state["window"]
    stuck = ~state["was_reduced"] & (state["best_at_check"] >= state["best_value"])
    reduce = due & (rose_rarely | stuck)
    state["step_size"] = where(reduce, state["step_size"] / 2, state["step_size"])
    state["point"] = where(reduce, state["best"], state["point"])
    state["was_reduced"] = torch.where(due, reduce, state["was_reduced"])
    state["best_at_check"] = torch.where(due, state["best_value"], state["best_at_check"])
    smaller = (state["window"] - max(int(WINDOW_DECREASE * steps), 1)).clamp(
        min=max(int(SMALLEST_WINDOW * steps), 1)
    )
    state["window"] = torch.where(due, smaller, state["window"])
    state["rises"], state["since_check"] = (
        state["rises"].masked_fill(due, 0),
        state["since_check"].masked_fill(due, 0),
    )
    return where(reduce, state["best_gradient"], gradient)


def _move(state: State, gradient: Tensor, images: Tensor, epsilon: Tensor, ball: Norm) -> State:
    def inside(points: Tensor) -> Tensor:
        return torch.clamp(images + ball.project(points - images, epsilon), 0, 1)

    point = state["point"]
    stepped = inside(point + state["step_size"] * ball.direction(gradient))
    # no momentum before there is a step to remember
    share = torch.where(state["moved"], MOMENTUM, 1.0).view(-1, 1, 1, 1)
    moved = inside(point + share * (stepped - point) + (1 - share) * (point - state["previous"]))
    return state | {"point": moved, "previous": point, "moved": torch.ones_like(state["moved"])}
