"""Epsilon as a pure function of training progress.

Every schedule is a function (moment, settings) -> factor in [0, 1]; the budget of a step is
factor x threat.epsilon. Progress p = step / total steps runs from 0 to 1. At factor 0 no
attack is run. Source: Ngnawé et al., "Robust Fine-Tuning from Non-Robust Pretrained Models",
ICLR 2026 (Epsilon-Scheduling), section 4 for constant, two_hinge and linear, the appendix for
uniform and auto. cosine, step and custom are ours. Knows nothing about attacks or models, and
loads neither torch nor pydantic.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

# a jump takes two points, and a spec holds at most 200
MOST_JUMPS, COSINE_PIECES = 99, 8
Shape = list[tuple[float, float]]


@dataclass(frozen=True)
class Moment:
    """Where training stands: progress 0..1, epoch index from 0, and what the
    stateful schedules look at.

    `validation` holds the clean validation accuracy (fraction) after each finished epoch, oldest
    first; `epochs` is their planned number. Only `auto` reads them. `seed` feeds only `uniform`.
    """

    progress: float
    epoch: int = 0
    epochs: int = 1
    seed: int = 0
    validation: tuple[float, ...] = ()


class Settings(Protocol):
    """The fields of `RunSpec.schedule` that the schedules read."""

    @property
    def ramp_start(self) -> float:
        """Progress at which the ramp starts."""

    @property
    def ramp_end(self) -> float:
        """Progress at which the ramp ends."""

    @property
    def steps(self) -> int:
        """Number of jumps."""

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """Points (progress, factor), sorted by progress."""

    @property
    def granularity(self) -> str:
        """Either "step" or "epoch"."""

    @property
    def patience(self) -> int:
        """Epochs without a rise after which accuracy counts as converged."""

    @property
    def tolerance(self) -> float:
        """Smallest rise of accuracy (a fraction) that counts."""


def constant(moment: Moment, settings: Settings) -> float:
    """Full epsilon from the first step (the paper's RFT-fix)."""
    return 1.0


def two_hinge(moment: Moment, settings: Settings) -> float:
    """0 up to `ramp_start`, linear to 1 at `ramp_end`, then 1 (the paper's
    Epsilon-Scheduling, T1 and T2).
    """
    return ramp_position(moment.progress, settings.ramp_start, settings.ramp_end)


def linear(moment: Moment, settings: Settings) -> float:
    """Linear from 0 at the first step: two_hinge(0, 1).

    The last of T steps has (T - 1) / T, since 1 is reached at the end of training, as
    with the paper's T2 = E.
    """
    return ramp_position(moment.progress, 0.0, 1.0)


def cosine(moment: Moment, settings: Settings) -> float:
    """(1 - cos(pi q)) / 2 with q the position inside the ramp: slow at both hinges."""
    return (
        1
        - math.cos(math.pi * ramp_position(moment.progress, settings.ramp_start, settings.ramp_end))
    ) / 2


def step(moment: Moment, settings: Settings) -> float:
    """`steps` equal jumps inside the ramp; the first comes at `ramp_start`, the last one reaches
    1 before `ramp_end`.
    """
    if moment.progress < settings.ramp_start:
        return 0.0
    position = ramp_position(moment.progress, settings.ramp_start, settings.ramp_end)
    return min(1.0, (math.floor(position * settings.steps) + 1) / settings.steps)


def uniform(moment: Moment, settings: Settings) -> float:
    """One draw from U[0, 1] an epoch, fixed by the seed (the paper's ablation)."""
    return random.Random(f"uniform {moment.seed} {moment.epoch}").random()


def auto(moment: Moment, settings: Settings) -> float:
    """0 until validation accuracy has converged, then linear to 1 at the end of training
    (the paper's `auto`).
    """
    converged = convergence_epoch(moment.validation, settings.patience, settings.tolerance)
    if converged is None:
        return 0.0
    return ramp_position(moment.progress, min(1.0, converged / moment.epochs), 1.0)


def custom(moment: Moment, settings: Settings) -> float:
    """Piecewise linear through `points` (progress, factor); flat before the
    first and after the last.
    """
    return interpolate(moment.progress, settings.points)


def ramp_position(progress: float, start: float, end: float) -> float:
    """Return 0 up to `start`, 1 from `end` on, linear between; a hard switch at `start`
    when the two are equal.
    """
    if progress >= end:
        return 1.0
    if progress <= start:
        return 0.0
    return (progress - start) / (end - start)


def interpolate(progress: float, points: Sequence[tuple[float, float]]) -> float:
    """Return the piecewise-linear value through `points`, sorted by progress; at a double point
    the later one holds.
    """
    if progress < points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in zip(points, points[1:]):
        if left <= progress < right:
            return low + (high - low) * (progress - left) / (right - left)
    return points[-1][1]


def constant_shape(settings: Settings) -> Shape:
    """The line of `constant`."""
    return [(0.0, 1.0), (1.0, 1.0)]


def linear_shape(settings: Settings) -> Shape:
    """The line of `linear`."""
    return [(0.0, 0.0), (1.0, 1.0)]


def two_hinge_shape(settings: Settings) -> Shape:
    """The two hinges."""
    return [(settings.ramp_start, 0.0), (settings.ramp_end, 1.0)]


def cosine_shape(settings: Settings) -> Shape:
    """Nine points of the ramp; lines between them are at most 0.01 off."""
    width = settings.ramp_end - settings.ramp_start
    shares = [piece / COSINE_PIECES for piece in range(COSINE_PIECES + 1)]
    return [
        (settings.ramp_start + width * share, (1 - math.cos(math.pi * share)) / 2)
        for share in shares
    ]


def step_shape(settings: Settings) -> Shape | None:
    """Two points a jump; None for more jumps than a spec has points for."""
    if settings.steps > MOST_JUMPS:
        return None
    width = settings.ramp_end - settings.ramp_start
    jumps = [
        settings.ramp_start + width * number / settings.steps for number in range(settings.steps)
    ]
    return [
        (jump, (number + after) / settings.steps)
        for number, jump in enumerate(jumps)
        for after in (0, 1)
    ]


def custom_shape(settings: Settings) -> Shape:
    """The points themselves."""
    return list(settings.points)


def auto_forecast(settings: Settings, epochs: int) -> tuple[tuple[float, float], ...]:
    """The ramp of `auto` if validation accuracy converges after a quarter of `epochs`; 0 all along
    where training ends before it can be known to have converged.
    """
    # sooner than after `patience` epochs it cannot be known
    converged = max(settings.patience + 1, round(epochs / 4))
    return ((converged / epochs, 0.0), (1.0, 1.0)) if converged < epochs else ((0.0, 0.0),)


def points_fault(points: Sequence[tuple[float | None, float | None]]) -> str | None:
    """Return what keeps `points` (progress, factor) from being drawn as a schedule, "rule; way out"
    with rows counted from 1, or None.

    Two points at the same progress are a jump and are fine; progress that falls is not.
    """
    if len(points) < 2:
        return "needs at least 2 points; add a row"
    rising = []
    for row, (progress, factor) in enumerate(points, 1):
        if progress is None or factor is None or math.isnan(progress) or math.isnan(factor):
            return f"lacks a number in row {row}; fill it or delete the row"
        if not (0 <= progress <= 1 and 0 <= factor <= 1):
            return f"leaves 0 to 100 % in row {row}; correct it"
        rising.append(progress)
    for row, (before, here) in enumerate(zip(rising, rising[1:]), 2):
        if here < before:
            return (
                f"must rise in progress, and row {row} falls from {100 * before:g} to"
                f" {100 * here:g} %; sort the rows"
            )
    return None


def convergence_epoch(validation: Sequence[float], patience: int, tolerance: float) -> int | None:
    """Return the number of epochs after which accuracy stopped rising, or None.

    Converged after epoch e when none of the last `patience` epochs beat the best one before them
    by more than `tolerance` (a fraction: .02 is two points). The paper names patience 5 and
    tolerance 2 % and no formula.
    """
    for epoch in range(patience + 1, len(validation) + 1):
        recent, before = validation[epoch - patience : epoch], validation[: epoch - patience]
        if max(recent) - max(before) <= tolerance:
            return epoch
    return None


def factor_at(
    schedule: Callable[[Moment, Settings], float], settings: Settings, moment: Moment
) -> float:
    """Return the factor in [0, 1] at `moment`, held still within an epoch when
    granularity is "epoch".
    """
    if settings.granularity == "epoch":
        moment = Moment(
            moment.epoch / moment.epochs,
            moment.epoch,
            moment.epochs,
            moment.seed,
            moment.validation,
        )
    return min(1.0, max(0.0, schedule(moment, settings)))
