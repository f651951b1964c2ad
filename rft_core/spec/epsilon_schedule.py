"""A schedule for a training loop of your own: step in, epsilon out. Loads no torch."""

from typing import Any

from rft_core.errors import UserError
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.spec.schedules import Moment, factor_at


class EpsilonSchedule:
    """Epsilon of every step of a training loop: a share of the target, by a schedule's name.

    Steps count from 0, and p = step / (epochs * steps_per_epoch) runs from 0 to 1. `epsilon` is the
    target in pixel scale, a number or a text such as "8/255". Further `settings` are those of the
    schedule: `ramp_start` and `ramp_end` (0 to 1), `granularity` ("step" or "epoch"), `steps`,
    `points`, `patience`, `tolerance`. `seed` feeds the schedule that draws.

    A value out of its range raises UserError with its name.
    """

    def __init__(
        self,
        kind: str = "two_hinge",
        *,
        epsilon: float | str = "8/255",
        norm: str = "linf",
        epochs: int,
        steps_per_epoch: int,
        seed: int = 0,
        **settings: Any,
    ):
        if epochs < 1 or steps_per_epoch < 1:
            raise UserError(
                "a schedule needs at least one epoch of one step, got"
                f" epochs={epochs}, steps_per_epoch={steps_per_epoch}"
            )
        named = {f"schedule.{name}": value for name, value in ({"kind": kind} | settings).items()}
        spec = with_settings(RunSpec(), named | {"threat.epsilon": epsilon, "threat.norm": norm})
        self.settings, self.epsilon = spec.schedule, spec.threat.epsilon
        self.epochs, self.steps_per_epoch, self.seed = epochs, steps_per_epoch, seed
        self.total_steps = epochs * steps_per_epoch
        self._schedule = catalog.find("schedules", kind).load()

    def factor_at(self, step: int, validation: tuple[float, ...] = ()) -> float:
        """Return the share of the target, 0 to 1, at `step`; a step beyond the planned end raises.

        `validation` is read by `auto` alone: the clean validation accuracy (0 to 1) after each
        finished epoch.
        """
        if not 0 <= step <= self.total_steps:
            raise UserError(
                f"step {step} lies outside the {self.total_steps} steps of this schedule"
                f" ({self.epochs} epochs of {self.steps_per_epoch}); make it for as many as you"
                " train"
            )
        epoch = min(step // self.steps_per_epoch, self.epochs - 1)
        moment = Moment(step / self.total_steps, epoch, self.epochs, self.seed, tuple(validation))
        return factor_at(self._schedule, self.settings, moment)

    def epsilon_at(self, step: int, validation: tuple[float, ...] = ()) -> float:
        """Return epsilon at `step`, in pixel scale; at 0 no attack is wanted."""
        return self.factor_at(step, validation) * self.epsilon
