"""The runs of an unpacked bundle: read, checked against what a page can show, and given their ids
in this store.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from rft_core.bundles.checking import Bundle, first_mistake
from rft_core.bundles.contents import (
    EVENTS,
    FILES,
    RUN,
    EventRow,
    RunDocument,
    canonical,
    event_lines,
    fingerprint,
    run_document,
)
from rft_core.bundles.outgoing import run_files
from rft_core.errors import BundleError, UserError
from rft_core.files.archive_names import plain_parts, printable
from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.report.run.history import build_history
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import Event, read_events
from rft_core.store.run_store import RunStore
from rft_core.store.schema import runs

IMPORTED, RENAMED, HERE, KEPT = (
    "imported",
    "imported under a new id",
    "already here",
    "kept as it is here, the bundle's differs",
)


ID_STEM = 16


NUMBERS = (
    "clean_accuracy",
    "robust_accuracy",
    "expected_robustness",
    "seconds",
    "gradient_evaluations",
)


@dataclass(frozen=True)
class ArrivingRun:
    """A checked run of a bundle, unpacked in `folder`; `run_id` is its id in this store.

    Events are read when they are stored.
    """

    document: dict[str, Any]
    spec: RunSpec
    folder: Path
    run_id: str
    outcome: str


def read_arriving(store: RunStore, bundle: Bundle, staging: Path) -> list[ArrivingRun]:
    """Return the runs of an unpacked bundle, oldest first; raises BundleError naming a bad one."""
    found: list[ArrivingRun] = []
    sums: dict[str, dict[str, str]] = {}
    for row in bundle.manifest.files:
        root, run_id, *rest = row.path.split("/", 2)
        if root == "runs":
            sums.setdefault(run_id, {})[rest[0]] = row.sha256
    for run_id, own in sums.items():
        folder = staging / "runs" / run_id
        try:
            files = _own_files(own)
            document, spec, events = _read_run(folder, run_id)
        except (
            UserError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            message = (
                first_mistake(error)
                if isinstance(error, ValidationError)
                else printable(str(error) or type(error).__name__)
            )
            raise bundle.refuse(f"the run {run_id} cannot be read: {message}") from None
        new_id, outcome = _choose_id(
            store, run_id, fingerprint(document, spec, event_lines(events), files)
        )
        found.append(ArrivingRun(document, spec, folder, new_id, outcome))
    return sorted(found, key=lambda run: run.document["created"])


def _own_files(sums: dict[str, str]) -> dict[str, str]:
    """Return path below the run's folder -> SHA-256; raises ValueError where a part of a run is
    missing or something else is there.
    """
    for name in (RUN, EVENTS):
        if name not in sums:
            raise ValueError(f"{name} is missing")
    for path in sums:
        if path not in (RUN, EVENTS) and not path.startswith(f"{FILES}/"):
            raise ValueError(f"{path} has no place in it")
    return {
        path.removeprefix(f"{FILES}/"): sha256
        for path, sha256 in sums.items()
        if path not in (RUN, EVENTS)
    }


def _read_run(folder: Path, run_id: str) -> tuple[dict[str, Any], RunSpec, tuple[Event, ...]]:
    """Return (document, spec, events) of an unpacked run; raises for anything that a
    page could not show.
    """
    text = (folder / RUN).read_bytes()
    document = RunDocument.model_validate_json(text).model_dump()
    if document["run_id"] != run_id:
        raise ValueError(f"{RUN} is of another run")
    canonical(document)
    spec = parse_stored(document["spec"])
    events = read_event_lines(folder)
    if any(after.sequence <= before.sequence for before, after in zip(events, events[1:])):
        raise ValueError("its events are not in order")
    # what a page does with them: a fault must be found here, not there
    if fault := build_history(list(events)).fault:
        raise ValueError(fault)
    _check_report(document["report"])
    return document, spec, events


def read_event_lines(folder: Path) -> tuple[Event, ...]:
    """Return the events of an unpacked run; raises ValueError for a line that is not an event."""
    with open(folder / EVENTS, "rb") as lines:
        return tuple(_event(line) for line in lines)


def _event(line: bytes) -> Event:
    event = Event(**EventRow.model_validate_json(line).model_dump())
    canonical(event.payload)
    if "file" in event.payload:
        plain_parts(event.payload["file"])
    return event


def _check_report(report: dict[str, Any] | None) -> None:
    if report is None:
        return
    for name in NUMBERS:
        if not isinstance(report.get(name), (int, float, type(None))) or isinstance(
            report.get(name), bool
        ):
            raise ValueError(f"{name} of its report is not a number")
    if "curve" in report:
        RobustnessCurve.from_points(report["curve"])
    if report.get("measured_by") is not None:
        MeasuredBy.from_dict(report["measured_by"])


def _choose_id(store: RunStore, run_id: str, digest: str) -> tuple[str, str]:
    """Return (id here, outcome).

    A new id is made from the content, so that a second import of it finds the first.
    """
    names = [
        run_id,
        *(
            f"{run_id[:ID_STEM].rstrip('-')}-{digest[start : start + 6]}"
            for start in range(0, len(digest) - 6, 6)
        ),
    ]
    for name in names:
        with store.engine.connect() as connection:
            row = connection.execute(select(runs.c.deleted).where(runs.c.run_id == name)).first()
        if row is None and not store.home.run_folder(name).exists():
            return name, IMPORTED if name == run_id else RENAMED
        if row is not None and row.deleted is None and _stored_digest(store, name) == digest:
            return name, HERE
    raise BundleError(f"no free id is left for {run_id}; delete its copies first")


def _stored_digest(store: RunStore, run_id: str) -> str:
    record, folder = store.get(run_id), store.home.run_folder(run_id)
    document = run_document(record, list_artifacts(store.engine, run_id))
    return fingerprint(
        document,
        record.spec,
        event_lines(read_events(store.engine, run_id)),
        {path: file_sha256(folder / path) for path in run_files(folder)},
    )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
