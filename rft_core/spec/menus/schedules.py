"""The menu of epsilon schedules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rft_core.spec.choice import Choice, load_target, menu
from rft_core.spec.menus.papers import SCHEDULE_PAPER

Points = tuple[tuple[float, float], ...]
RAMP = ("schedule.ramp_start", "schedule.ramp_end")
PACE = "schedule.granularity"


@dataclass(frozen=True)
class ScheduleRow(Choice):
    """A schedule: a function (moment, settings) -> factor.

    `settings` are the dotted settings that count for it, which are those that the form shows.
    `shape` names the code (settings) -> points (progress, factor) through which straight lines draw
    it, or None where they do not; "" for a schedule that no lines draw. `is_constant` says that
    epsilon is at its target from the first step to the last.

    `forecast` names the code (settings, epochs) -> points of a schedule that looks at validation
    accuracy, drawn as an example before the run; where it never leaves 0, training is too short
    for it. Such a schedule is given the clean validation accuracy of each epoch.
    """

    settings: tuple[str, ...] = ()
    shape: str = ""
    forecast: str = ""
    is_constant: bool = False

    @property
    def watches_validation(self) -> bool:
        """Whether only training can tell when epsilon rises."""
        return bool(self.forecast)

    def shape_of(self, settings: Any) -> Points | None:
        """Return the points (progress, factor), 0 and 1 among them, through which `custom` draws
        the schedule with `settings`; None where it has no such shape.
        """
        ramp = load_target(self.shape)(settings) if self.shape else None
        if ramp is None:
            return None
        ends = [(0.0, ramp[0][1]), *ramp, (1.0, ramp[-1][1])]
        return tuple(dict.fromkeys((round(at, 6), round(factor, 6)) for at, factor in ends))

    def load_forecast(self) -> Callable[[Any, int], Points]:
        """Import and return the code of `forecast`."""
        return load_target(self.forecast)


SCHEDULES = menu(
    ScheduleRow(
        "constant",
        "Constant",
        "Full epsilon from the first step.",
        f"{SCHEDULE_PAPER} (RFT-fix)",
        "rft_core.spec.schedules:constant",
        shape="rft_core.spec.schedules:constant_shape",
        is_constant=True,
    ),
    ScheduleRow(
        "two_hinge",
        "Two hinges",
        "No attack at first, then a linear ramp, then full epsilon.",
        f"{SCHEDULE_PAPER} (Epsilon-Scheduling)",
        "rft_core.spec.schedules:two_hinge",
        settings=(*RAMP, PACE),
        shape="rft_core.spec.schedules:two_hinge_shape",
    ),
    ScheduleRow(
        "linear",
        "Linear",
        "A straight line from 0 at the first step to full epsilon at the end of training.",
        "Debenedetti et al. 2023; Pang et al. 2021 (warm-up)",
        "rft_core.spec.schedules:linear",
        settings=(PACE,),
        shape="rft_core.spec.schedules:linear_shape",
    ),
    ScheduleRow(
        "cosine",
        "Cosine",
        "A ramp that starts and ends softly.",
        "this project",
        "rft_core.spec.schedules:cosine",
        settings=(*RAMP, PACE),
        shape="rft_core.spec.schedules:cosine_shape",
    ),
    ScheduleRow(
        "step",
        "Steps",
        "Equal jumps inside the ramp.",
        "this project",
        "rft_core.spec.schedules:step",
        settings=(*RAMP, "schedule.steps", PACE),
        shape="rft_core.spec.schedules:step_shape",
    ),
    ScheduleRow(
        "uniform",
        "Uniform",
        "One random epsilon between 0 and the target each epoch.",
        f"{SCHEDULE_PAPER} (ablation)",
        "rft_core.spec.schedules:uniform",
    ),
    ScheduleRow(
        "auto",
        "Automatic",
        "No attack until validation accuracy has converged, then a ramp to the end.",
        f"{SCHEDULE_PAPER} (auto)",
        "rft_core.spec.schedules:auto",
        settings=("schedule.patience", "schedule.tolerance", PACE),
        forecast="rft_core.spec.schedules:auto_forecast",
    ),
    ScheduleRow(
        "custom",
        "Custom",
        "Straight lines through points of your own.",
        "this project",
        "rft_core.spec.schedules:custom",
        settings=("schedule.points", PACE),
        shape="rft_core.spec.schedules:custom_shape",
    ),
)
