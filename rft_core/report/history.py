"""A run's events as the columns that figures draw."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rft_core.metrics.curve import RobustnessCurve
from rft_core.store.events import Event

MOST_POINTS = 500
# enough to even out measurements, few enough to follow an attack that grows stronger
PACE_EVENTS = 60
TRAINING = ("loss", "epsilon", "learning_rate", "images_per_second", "process_memory_mib", "device_memory_mib")


@dataclass(frozen=True)
class Measurement:
    """One evaluation while training: where, the curve on the validation images, expected robustness, and its cost so far."""

    step: int
    epoch: float
    curve: RobustnessCurve
    expected_robustness: float
    gradient_evaluations: int


@dataclass(frozen=True)
class RunHistory:
    """What a run reported so far.

    Columns of `training`, float32: step, epoch, loss, epsilon, learning_rate, images_per_second, process_memory_mib, device_memory_mib
    (nan where not reported). `pace` is seconds a step, measurements included, since the run was last started; None before it has one.
    """

    measurements: tuple[Measurement, ...]
    training: dict[str, np.ndarray]
    onset: dict[str, Any] | None
    examples: dict[int, dict[str, Any]]
    log: tuple[str, ...]
    last_sequence: int
    pace: float | None = None

    def column(self, name: str) -> np.ndarray:
        """Return one column over the measurements, float32: step, epoch, clean, robust or expected."""
        read = {
            "step": lambda one: one.step,
            "epoch": lambda one: one.epoch,
            "clean": lambda one: one.curve.clean_accuracy,
            "robust": lambda one: one.curve.accuracies[-1],
            "expected": lambda one: one.expected_robustness,
        }[name]
        return np.array([read(one) for one in self.measurements], dtype=np.float32)


def build_history(events: list[Event]) -> RunHistory:
    """Return the history of one run from its events, oldest first."""
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    measured = {event.step: _measurement(event) for event in by_kind.get("eval", [])}
    onsets = by_kind.get("onset", [])
    return RunHistory(
        measurements=tuple(measured[step] for step in sorted(measured)),
        training=_training(by_kind.get("train", [])),
        onset=onsets[0].payload if onsets else None,
        examples={event.step: event.payload for event in by_kind.get("examples", [])},
        log=tuple(event.payload["text"] for event in by_kind.get("log", [])),
        last_sequence=events[-1].sequence if events else 0,
        pace=_pace(events),
    )


def _pace(events: list[Event]) -> float | None:
    """Return seconds a step over the newest training events of the session; what came before an interruption does not count."""
    begun = max((place for place, event in enumerate(events) if event.kind == "status" and event.payload.get("status") == "running"), default=0)
    recent = [event for event in events[begun:] if event.kind == "train"][-PACE_EVENTS:]
    if len(recent) < 2 or recent[-1].step <= recent[0].step:
        return None
    return max(0.0, recent[-1].wall_time - recent[0].wall_time) / (recent[-1].step - recent[0].step)


def _measurement(event: Event) -> Measurement:
    payload = event.payload
    return Measurement(
        event.step, event.epoch, RobustnessCurve.from_points(payload["curve"]), payload["expected_robustness"], payload.get("gradient_evaluations", 0)
    )


def _training(events: list[Event]) -> dict[str, np.ndarray]:
    # a resumed run may have reported some steps twice; the later report holds
    latest = list({event.step: event for event in events}.values())
    kept = latest[:: max(1, -(-len(latest) // MOST_POINTS))]
    if latest and kept[-1] is not latest[-1]:
        kept.append(latest[-1])
    columns = {"step": [event.step for event in kept], "epoch": [event.epoch for event in kept]}
    for name in TRAINING:
        columns[name] = [np.nan if event.payload.get(name) is None else event.payload[name] for event in kept]
    return {name: np.array(values, dtype=np.float32) for name, values in columns.items()}
