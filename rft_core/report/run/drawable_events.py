"""Which events of a run can be drawn.

A damaged or foreign store may hold any rows; those that cannot be drawn are left out and reported.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, TypeGuard

from rft_core.errors import printable
from rft_core.metrics.curve import RobustnessCurve
from rft_core.store.events import UNREADABLE, Event

TRAINING = (
    "loss",
    "epsilon",
    "learning_rate",
    "images_per_second",
    "process_memory_mib",
    "device_memory_mib",
)
# the largest float32 that figures draw; the largest step that is exact in a browser
LARGEST, MOST_STEPS = 1e38, 2**53


def keep_drawable(events: Sequence[Event]) -> tuple[list[Event], str]:
    """Return the events that can be drawn, and a sentence about the others, "" if there are
    none.
    """
    kept, first, fault = [], None, ""
    for event in events:
        if reason := _fault(event):
            first, fault = first or event, fault or reason
        else:
            kept.append(event)
    if first is None:
        return kept, ""
    count = len(events) - len(kept)
    named = f"number {printable(str(first.sequence))}, of kind '{printable(str(first.kind))}'"
    return (
        kept,
        (
            f"{count} of {len(events)} stored events cannot be read and are left out. The first is"
            f" {named}: {fault}."
        ),
    )


def _fault(event: Event) -> str:
    """Return what is wrong with an event, or "".

    Unknown kinds are accepted: nothing here draws them.
    """
    if not (
        _is_count(event.step, MOST_STEPS)
        and _is_number(event.epoch)
        and _is_number(event.wall_time)
    ):
        return "its step, epoch or time is not a number"
    if event.kind == UNREADABLE:
        return "it does not hold a JSON object"
    return CHECKS.get(event.kind, lambda payload: "")(event.payload)


def _is_number(value: Any) -> TypeGuard[float]:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and -LARGEST <= value <= LARGEST
    )


def _is_count(value: Any, most: float = LARGEST) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _eval(payload: Mapping[str, Any]) -> str:
    try:
        curve = RobustnessCurve.from_points(payload["curve"])
        is_possible = (
            _is_count(curve.n)
            and all(0 <= count <= curve.n for count in curve.correct)
            and all(map(math.isfinite, curve.epsilons))
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        is_possible = False
    if not is_possible:
        return "its robustness curve is missing or impossible"
    expected = payload.get("expected_robustness")
    if not (_is_number(expected) and 0 <= expected <= 1):
        return "its expected robustness is not between 0 and 1"
    return "" if _is_number(payload.get("gradient_evaluations", 0)) else "its cost is not a number"


def _train(payload: Mapping[str, Any]) -> str:
    strange = [
        name for name in TRAINING if payload.get(name) is not None and not _is_number(payload[name])
    ]
    return f"its {strange[0]} is not a number" if strange else ""


def _onset(payload: Mapping[str, Any]) -> str:
    return (
        ""
        if _is_count(payload.get("step"), MOST_STEPS) and _is_number(payload.get("epoch"))
        else "its step or epoch is not a number"
    )


def _examples(payload: Mapping[str, Any]) -> str:
    file, names = payload.get("file"), payload.get("class_names")
    if (
        not (isinstance(file, str) and file.isprintable())
        or PurePosixPath(file).is_absolute()
        or ".." in PurePosixPath(file.replace("\\", "/")).parts
    ):
        return "it names no file in the run's folder"
    return (
        ""
        if isinstance(names, list) and all(isinstance(name, str) for name in names)
        else "it does not name the classes"
    )


def _log(payload: Mapping[str, Any]) -> str:
    return "" if isinstance(payload.get("text"), str) else "it has no text"


CHECKS: MappingProxyType[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "eval": _eval,
        "train": _train,
        "onset": _onset,
        "examples": _examples,
        "log": _log,
        "resumed": _log,
    }
)
