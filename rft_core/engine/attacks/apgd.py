"""APGD: PGD with momentum and a step size that halves itself (Croce and Hein,
ICML 2020, algorithm 1).

Starts with a step of 2 epsilon. At checkpoints the step is halved, and the walk goes back to its
best point, when the loss rose in fewer than 75 % of the steps since the last one, or when neither
step nor best loss changed. With 7 steps every step is a checkpoint; with 10 the first window is 2.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.losses import cross_entropy, dlr_until_wrong
from rft_core.engine.attacks.norms import Norm
from rft_core.engine.attacks.stepwise import Here, Loss, State, Walk, walk_to_end, where

MOMENTUM, RISING_SHARE = 0.75, 0.75
FIRST_WINDOW, SMALLEST_WINDOW, WINDOW_DECREASE = 0.22, 0.06, 0.03


def apgd_walk(
    steps: int, relative_step_size: float | None = None, loss: Loss = cross_entropy
) -> Walk:
    """Return APGD over `steps` steps as a walk; it chooses its own step size."""
    return Walk(start(steps), advance(steps), length=lambda classes: steps, loss=loss)


def start(steps: int) -> Callable[[Tensor, Tensor, Tensor], State]:
    """Return (images, first, epsilon) -> the state of an APGD that will take `steps` steps."""
    return partial(_start, steps=steps)


def advance(steps: int) -> Callable[[State, Here, Tensor, Tensor, Norm], State]:
    """Return (state, here, images, epsilon, ball) -> the state one step on, of an
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

    Of its iterates the one with the largest loss is returned (algorithm 1's x_max), which is what
    training wants: libraries return the first misclassified one instead (`prefer_misclassified`),
    and so give an image that is wrong without an attack back as it came. `relative_step_size` is
    not used: APGD chooses its own. Costs steps + 1 gradient evaluations a restart.
    """
    walk = apgd_walk(steps, loss=loss)
    options = {"random_start": random_start, "generator": generator, "restarts": restarts}
    return walk_to_end(
        walk,
        model,
        images,
        labels,
        norm=norm,
        epsilon=epsilon,
        prefer_misclassified=prefer_misclassified,
        **options,
    )


def apgd_dlr(model: nn.Module, images: Tensor, labels: Tensor, **options) -> Tensor:
    """APGD on the difference of logits ratio; on two classes on the margin, because
    the ratio needs three.

    An objective's own `loss` among the `options` takes precedence.
    """
    return apgd(model, images, labels, **{"loss": dlr_until_wrong} | options)


def apgd_dlr_walk(steps: int, relative_step_size: float | None = None) -> Walk:
    """Return APGD-DLR as a walk."""
    return apgd_walk(steps, loss=dlr_until_wrong)


def _start(images: Tensor, first: Tensor, epsilon: Tensor, *, steps: int) -> State:
    n, none = len(images), images.new_full((len(images),), -torch.inf)
    return {
        "point": first,
        "previous": first,
        "step_size": 2 * epsilon.clone(),
        "best": first,
        "best_value": none,
        "best_gradient": torch.zeros_like(first),
        "last_value": none.clone(),
        "best_at_check": none.clone(),
        "was_reduced": torch.ones(n, dtype=torch.bool, device=images.device),
        "rises": torch.zeros(n, dtype=torch.long, device=images.device),
        "since_check": torch.zeros(n, dtype=torch.long, device=images.device),
        "window": torch.full((n,), max(int(FIRST_WINDOW * steps), 1), device=images.device),
        "moved": torch.zeros(n, dtype=torch.bool, device=images.device),
    }


def _advance(
    state: State, here: Here, images: Tensor, epsilon: Tensor, ball: Norm, *, steps: int
) -> State:
    state, gradient, values = dict(state), here.gradient, here.values
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
    """At a checkpoint halve the step and go back to the best point where the walk stalls; return
    the gradients to use.
    """
    due = state["since_check"] >= state["window"]
    wandering = state["rises"] <= RISING_SHARE * state["window"]
    stuck = ~state["was_reduced"] & (state["best_at_check"] >= state["best_value"])
    reduce = due & (wandering | stuck)
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
