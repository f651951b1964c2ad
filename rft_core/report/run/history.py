"""The events of a run as the columns that figures draw."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy, read_measured_by
from rft_core.report.run.drawable_events import TRAINING, keep_drawable
from rft_core.spec.measured_by import earlier_tracked_by
from rft_core.spec.run_spec import RunSpec
from rft_core.store.events import Event

MOST_POINTS = 500
# enough to average over measurements, few enough to follow an attack that grows stronger
PACE_EVENTS = 60
# the kinds that Compare draws; other events are only read where they are shown
MEASURED_KINDS = ("eval", "onset", "status", "log", "resumed")
# kinds of events that are lines of the log
NOTES = ("log", "resumed")
# how earlier versions, which had no event for it, began the note of a resumed run
EARLIER_RESUMED = "resumed from"


@dataclass(frozen=True)
class Measurement:
    """One measurement during training: step, curve on the validation images, expected robustness,
    and the cost so far.

    `seconds` is the time since the run's first measurement, without the time it was paused or lost.
    `measured_by` is stored in the event; None in events of earlier versions, see `measured_at`.
    """

    step: int
    epoch: float
    curve: RobustnessCurve
    expected_robustness: float
    gradient_evaluations: int
    seconds: float = 0.0
    measured_by: MeasuredBy | None = None


@dataclass(frozen=True)
class RunHistory:
    """What a run reported so far.

    Columns of `training`, float32: step, epoch, loss, epsilon, learning_rate, images_per_second,
    process_memory_mib, device_memory_mib (nan where not reported). `pace` is seconds a step,
    measurements included, since the run was last started; None until there are two training events.
    `fault` says which events cannot be read and are left out; normally "".
    """

    measurements: tuple[Measurement, ...]
    training: dict[str, np.ndarray]
    onset: dict[str, Any] | None
    examples: dict[int, dict[str, Any]]
    log: tuple[str, ...]
    last_sequence: int
    pace: float | None = None
    fault: str = ""

    def column(self, name: str) -> np.ndarray:
        """Return one column over the measurements, float32: step, epoch, seconds,
        gradient_evaluations, clean, robust or expected.
        """
        read = {
            "step": lambda measurement: measurement.step,
            "epoch": lambda measurement: measurement.epoch,
            "seconds": lambda measurement: measurement.seconds,
            "gradient_evaluations": lambda measurement: measurement.gradient_evaluations,
            "clean": lambda measurement: measurement.curve.clean_accuracy,
            "robust": lambda measurement: measurement.curve.accuracies[-1],
            "expected": lambda measurement: measurement.expected_robustness,
        }[name]
        return np.array([read(measurement) for measurement in self.measurements], dtype=np.float32)


def build_history(events: list[Event]) -> RunHistory:
    """Return the history of one run from its events, oldest first; those that cannot
    be read are left out.
    """
    last_sequence = events[-1].sequence if events else 0
    events, fault = keep_drawable(events)
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    clock = working_seconds(events)
    measured = {
        event.step: _measurement(event, clock[event.sequence]) for event in by_kind.get("eval", [])
    }
    onsets = by_kind.get("onset", [])
    return RunHistory(
        measurements=tuple(measured[step] for step in sorted(measured)),
        training=_training(by_kind.get("train", [])),
        onset=onsets[0].payload if onsets else None,
        examples={event.step: event.payload for event in by_kind.get("examples", [])},
        log=tuple(event.payload["text"] for event in events if event.kind in NOTES),
        last_sequence=last_sequence,
        pace=_pace(events),
        fault=fault,
    )


def _pace(events: list[Event]) -> float | None:
    """Return the seconds per step over the newest training events since the run was last
    started.
    """
    begun = max(
        (
            index
            for index, event in enumerate(events)
            if event.kind == "status" and event.payload.get("status") == "running"
        ),
        default=0,
    )
    recent = [event for event in events[begun:] if event.kind == "train"][-PACE_EVENTS:]
    if len(recent) < 2 or recent[-1].step <= recent[0].step:
        return None
    return max(0.0, recent[-1].wall_time - recent[0].wall_time) / (recent[-1].step - recent[0].step)


def working_seconds(events: list[Event]) -> dict[int, float]:
    """Return the seconds of work up to each event, by its sequence, since the run's first
    measurement (the latest start from step 0).

    A run that resumes from a checkpoint writes an event; the time between its last event before
    and that one is left out. Work that a killed run did after its last event is left out too: it
    is done again.
    """
    seconds: dict[int, float] = {}
    now, last = 0.0, None
    for event in events:
        noted = event.kind in NOTES
        now = (
            0.0
            if event.kind == "eval" and event.step == 0
            else now + (0.0 if noted or last is None else event.wall_time - last)
        )
        # other notes mark no work: those written while a run is prepared again belong to the time
        # that is left out
        if not noted or _is_return(event):
            last = event.wall_time
        seconds[event.sequence] = now
    return seconds


def _is_return(event: Event) -> bool:
    return event.kind == "resumed" or (
        event.kind == "log" and str(event.payload.get("text", "")).startswith(EARLIER_RESUMED)
    )


def _measurement(event: Event, seconds: float) -> Measurement:
    payload = event.payload
    curve = RobustnessCurve.from_points(payload["curve"])
    spent, expected = payload.get("gradient_evaluations", 0), payload["expected_robustness"]
    found = read_measured_by(payload.get("measured_by"))
    return Measurement(event.step, event.epoch, curve, expected, spent, seconds, found)


def tracked_by(spec: RunSpec, history: RunHistory) -> MeasuredBy | None:
    """Return what made the newest measurement during training; None if there is none."""
    return measured_at(spec, history.measurements[-1]) if history.measurements else None


def measured_at(spec: RunSpec, measurement: Measurement) -> MeasuredBy:
    """Return what made a measurement during training, from an event of any version."""
    return measurement.measured_by or earlier_tracked_by(spec, measurement.curve.n)


def _training(events: list[Event]) -> dict[str, np.ndarray]:
    # a resumed run may have reported some steps twice; the later report counts
    latest = list({event.step: event for event in events}.values())
    kept = latest[:: max(1, -(-len(latest) // MOST_POINTS))]
    if latest and kept[-1] is not latest[-1]:
        kept.append(latest[-1])
    columns = {"step": [event.step for event in kept], "epoch": [event.epoch for event in kept]}
    for name in TRAINING:
        columns[name] = [
            np.nan if event.payload.get(name) is None else event.payload[name] for event in kept
        ]
    return {name: np.array(values, dtype=np.float32) for name, values in columns.items()}
