"""One run as the race draws it, from its events, at any second."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from rft_core.report.drawing.palette import run_style
from rft_core.report.run.drawable_events import keep_drawable
from rft_core.spec.run_spec import RunSpec
from rft_core.store.events import Event

# the three runs of the story, each with its own colour, dash and mark on every page
STYLES = MappingProxyType(
    {
        "standard": (0, "solid", "circle"),
        "fixed": (1, "dash", "square"),
        "scheduled": (2, "dashdot", "diamond"),
    }
)


@dataclass(frozen=True)
class Track:
    """One run as the race draws it: accuracies are fractions, seconds count from
    the start of training.

    `training` has one (second, step, epsilon) per reported step; `onset` is (second, step, epoch)
    or None; `end` is the clean point of the final curve (accuracy, low, high, n), None until the
    run has a report. `guess` is a visitor's.
    """

    label: str
    colour: str
    dash: str
    symbol: str
    total_steps: int
    steps: tuple[int, ...]
    seconds: tuple[float, ...]
    clean: tuple[float, ...]
    training: tuple[tuple[float, int, float], ...] = ()
    onset: tuple[float, int, float] | None = None
    end: dict[str, Any] | None = None
    end_second: float = 0.0
    epochs: int = 1
    images: int = 0
    classes: int | None = None
    guess: float | None = field(default=None, kw_only=True)

    def until(self, second: float) -> "Track":
        """Return the track as it stood `second` seconds after training began."""
        seen = sum(moment <= second for moment in self.seconds)
        return replace(
            self,
            steps=self.steps[:seen],
            seconds=self.seconds[:seen],
            clean=self.clean[:seen],
            training=tuple(entry for entry in self.training if entry[0] <= second),
            onset=self.onset if self.onset and self.onset[0] <= second else None,
            end=self.end if second >= self.end_second else None,
        )

    @property
    def is_over(self) -> bool:
        """Whether its final model has been measured."""
        return self.end is not None


def build_track(
    role: str,
    spec: RunSpec,
    events: Sequence[Event],
    total_steps: int | None,
    report: dict[str, Any] | None,
) -> Track:
    """Return the track of one run from its events, oldest first; events that cannot be read are
    left out; `role` is a name of STYLES.
    """
    number, dash, symbol = STYLES[role]
    events, _ = keep_drawable(events)
    measured = list({event.step: event for event in events if event.kind == "eval"}.values())
    began = measured[0].wall_time if measured else 0.0
    adapted = next((event for event in events if event.kind == "onset"), None)
    last = events[-1] if events else None
    return Track(
        label=role,
        colour=run_style(number)[0],
        dash=dash,
        symbol=symbol,
        total_steps=total_steps or 1,
        steps=tuple(event.step for event in measured),
        seconds=tuple(event.wall_time - began for event in measured),
        clean=tuple(event.payload["curve"][0]["accuracy"] for event in measured),
        training=tuple(
            (event.wall_time - began, event.step, event.payload.get("epsilon") or 0.0)
            for event in events
            if event.kind == "train"
        ),
        onset=(adapted.wall_time - began, adapted.step, adapted.epoch) if adapted else None,
        end=report["curve"][0] if report else None,
        end_second=last.wall_time - began if last else 0.0,
        epochs=spec.optim.epochs,
        images=measured[0].payload["curve"][0]["n"] if measured else 0,
        classes=(report or {}).get("machine", {}).get("classes"),
    )


def gap(loser: Track, winner: Track) -> tuple[list[int], list[float], list[float]]:
    """Return (steps, the loser's accuracy, the winner's) at the steps where both were
    measured, fractions.
    """
    losing, winning = dict(zip(loser.steps, loser.clean)), dict(zip(winner.steps, winner.clean))
    steps = [step for step in losing if step in winning]
    return steps, [losing[step] for step in steps], [winning[step] for step in steps]
