"""Import a bundle: checked whole in a folder aside, then brought in all at once or not at all.

A run that is here with the same content is passed over; one whose id is taken by another
content gets a new id. Runs that were at work come in as "lost": their process is not here,
their checkpoint is.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError

from rft_core.bundles.checking import Bundle, first_mistake, opened, unpack
from rft_core.bundles.contents import (
    EVENTS,
    FILES,
    RUN,
    EventRow,
    RunDocument,
    canonical,
    event_lines,
    fingerprint,
    landed_status,
    run_document,
)
from rft_core.bundles.outgoing import run_files
from rft_core.errors import BundleError, UserError
from rft_core.files.archive_names import plain_parts, printable
from rft_core.files.atomic import atomic_folder
from rft_core.files.home import Home
from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.report.run.history import build_history
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.artifacts import list_artifacts, remove_folder
from rft_core.store.events import Event, read_events
from rft_core.store.home_lock import home_turn
from rft_core.store.new_runs import insert_run
from rft_core.store.run_store import RunStore
from rft_core.store.schema import artifacts as artifact_rows
from rft_core.store.schema import events as event_rows
from rft_core.store.schema import runs
from rft_core.store.summary_rows import write_summary

IMPORTED, RENAMED, HERE, KEPT = (
    "imported",
    "imported under a new id",
    "already here",
    "kept as it is here, the bundle's differs",
)
ID_STEM, ROWS_AT_ONCE = 16, 5000
NUMBERS = (
    "clean_accuracy",
    "robust_accuracy",
    "expected_robustness",
    "seconds",
    "gradient_evaluations",
)


@dataclass(frozen=True)
class _Run:
    """A checked run of a bundle, unpacked in `folder`; `run_id` is what it will be called here.

    Events are read when they are stored.
    """

    document: dict[str, Any]
    spec: RunSpec
    folder: Path
    run_id: str
    outcome: str


def import_bundle(store: RunStore, file: Path | BinaryIO, name: str = "") -> dict[str, Any]:
    """Bring in the runs, and of a home's bundle the datasets and weights, of `file`.

    Returns {"kind", "runs": [{"run_id", "as", "name", "status", "outcome"}], "folders": [{"path",
    "outcome"}]}. Raises BundleError naming what is refused; then nothing was changed.
    """
    name = name or Path(str(file)).name
    with opened(file, name) as bundle, home_turn(store.home):
        try:
            with atomic_folder(store.home.runs / "import") as staging:
                unpack(bundle, staging)
                arriving = _read_runs(store, bundle, staging)
                folders = _bring_in(store, bundle, staging, arriving)
        except OSError as error:
            raise bundle.refuse(
                f"{error.strerror or error} in {store.home.root}, make room there or check who may"
                " write"
            ) from None
        except DBAPIError as error:
            raise bundle.refuse(
                f"the run store did not take it ({printable(str(error.orig))}), run `doctor` to"
                " look at it"
            ) from None
        rows = [
            {
                "run_id": one.document["run_id"],
                "as": one.run_id,
                "name": one.spec.name,
                "status": landed_status(one.document["status"]),
                "outcome": one.outcome,
            }
            for one in arriving
        ]
        return {"kind": bundle.manifest.kind, "runs": rows, "folders": folders}


def import_lines(done: dict[str, Any]) -> list[str]:
    """Return one line a run and folder of what `import_bundle` answered."""
    lines = []
    for row in done["runs"]:
        named = f" ({printable(row['name'])})" if row["name"] else ""
        lines.append(
            f"{row['run_id']}{named}: {row['outcome']}"
            + (f", {row['as']}" if row["as"] != row["run_id"] else "")
        )
    return lines + [f"{printable(row['path'])}: {row['outcome']}" for row in done["folders"]]


def _read_runs(store: RunStore, bundle: Bundle, staging: Path) -> list[_Run]:
    found: list[_Run] = []
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
            told = (
                first_mistake(error)
                if isinstance(error, ValidationError)
                else printable(str(error) or type(error).__name__)
            )
            raise bundle.refuse(f"the run {run_id} is not one: {told}") from None
        new_id, outcome = _choose_id(
            store, run_id, fingerprint(document, spec, event_lines(events), files)
        )
        found.append(_Run(document, spec, folder, new_id, outcome))
    return sorted(found, key=lambda one: one.document["created"])


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
    events = _read_events(folder)
    if any(after.sequence <= before.sequence for before, after in zip(events, events[1:])):
        raise ValueError("its events are not in order")
    # what a page does with them; it must not be the first to find out
    if fault := build_history(list(events)).fault:
        raise ValueError(fault)
    _check_report(document["report"])
    return document, spec, events


def _read_events(folder: Path) -> tuple[Event, ...]:
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
            raise ValueError(f"{name} of its report is no number")
    if "curve" in report:
        RobustnessCurve.from_points(report["curve"])
    if report.get("measured_by") is not None:
        MeasuredBy.from_dict(report["measured_by"])


def _choose_id(store: RunStore, run_id: str, digest: str) -> tuple[str, str]:
    """Return (id here, what happens).

    A new id is made of the content, so that a second import of it finds the first.
    """
    names = [
        run_id,
        *(
            f"{run_id[:ID_STEM].rstrip('-')}-{digest[place : place + 6]}"
            for place in range(0, len(digest) - 6, 6)
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
        {path: _sha256(folder / path) for path in run_files(folder)},
    )


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bring_in(
    store: RunStore, bundle: Bundle, staging: Path, arriving: Sequence[_Run]
) -> list[dict[str, str]]:
    """Move files into place, then write all rows in one transaction: a run shows when it is whole.

    An error takes the files back.
    """
    new = [one for one in arriving if one.outcome != HERE]
    names = {one.document["run_id"]: one.run_id for one in arriving}
    moved: list[Path] = []
    try:
        told = _place_folders(store.home, bundle, staging, moved)
        for one in new:
            (one.folder / FILES).mkdir(exist_ok=True)
            _move(one.folder / FILES, store.home.run_folder(one.run_id), moved)
        with store.engine.execution_options(writes=True).begin() as connection:
            for one in new:
                _insert(connection, one, names, bundle.name)
    except BaseException:
        for path in moved:
            remove_folder(path) if path.is_dir() else path.unlink(missing_ok=True)
        raise
    return told


def _place_folders(
    home: Home, bundle: Bundle, staging: Path, moved: list[Path]
) -> list[dict[str, str]]:
    """Bring in datasets and weights, each folder whole or not at all: half of one dataset in
    another would be neither.
    """
    units: dict[str, dict[str, str]] = {}
    for row in bundle.manifest.files:
        parts = row.path.split("/")
        if parts[0] != "runs":
            deep = 3 if parts[:2] == [home.datasets.name, home.uploads.name] else 2
            units.setdefault("/".join(parts[:deep]), {})[row.path] = row.sha256
    told = []
    for unit, sums in units.items():
        outcome = IMPORTED
        if (home.root / unit).exists():
            same = all(
                (home.root / path).is_file() and _sha256(home.root / path) == wanted
                for path, wanted in sums.items()
            )
            outcome = HERE if same else KEPT
        else:
            _move(staging / unit, home.root / unit, moved)
        told.append({"path": unit, "outcome": outcome})
    return told


def _move(source: Path, target: Path, moved: list[Path]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source, target)
    moved.append(target)


def _insert(connection: Connection, one: _Run, names: dict[str, str], bundle: str) -> None:
    document, run_id = one.document, one.run_id
    insert_run(connection, run_id, one.spec)
    values = {
        name: document[name]
        for name in (
            "status",
            "reason",
            "host",
            "device",
            "created",
            "started",
            "ended",
            "step",
            "total_steps",
            "parent_step",
        )
    }
    values["parent"] = names.get(document["parent"], document["parent"])
    if (landed := landed_status(document["status"])) != document["status"]:
        values["status"], values["reason"] = (
            landed,
            (
                f"it was {document['status']} in {printable(bundle)}, from which it was imported;"
                " resume it to go on from its last checkpoint"
            ),
        )
    report = None if document["report"] is None else json.dumps(_renamed(document, run_id))
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values, report=report))
    write_summary(connection, run_id, one.spec.to_json(), report)
    rows = [
        {"run_id": run_id} | vars(event) | {"payload": json.dumps(event.payload)}
        for event in _read_events(one.folder)
    ]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(insert(event_rows), rows[start : start + ROWS_AT_ONCE])
    if document["artifacts"]:
        connection.execute(
            insert(artifact_rows), [{"run_id": run_id} | row for row in document["artifacts"]]
        )


def _renamed(document: dict[str, Any], run_id: str) -> dict[str, Any]:
    report = document["report"]
    return report | {"run_id": run_id} if "run_id" in report else report
