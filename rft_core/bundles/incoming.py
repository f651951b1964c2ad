"""Import a bundle: unpacked and checked in a temporary folder, then brought in all at once or not
at all.

A run that is here with the same content is skipped; one whose id belongs to other content gets a
new id. Runs that were at work come in as "lost": their process is not here, their checkpoint is.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import DBAPIError

from rft_core.bundles.arriving_runs import (
    HERE,
    IMPORTED,
    KEPT,
    ArrivingRun,
    file_sha256,
    read_arriving,
    read_event_lines,
)
from rft_core.bundles.checking import Bundle, opened, unpack
from rft_core.bundles.contents import (
    FILES,
    landed_status,
)
from rft_core.files.archive_names import printable
from rft_core.files.atomic import atomic_folder
from rft_core.files.home import Home
from rft_core.store.artifacts import remove_folder
from rft_core.store.home_lock import home_turn
from rft_core.store.new_runs import insert_run
from rft_core.store.run_store import RunStore
from rft_core.store.schema import artifacts as artifact_rows
from rft_core.store.schema import events as event_rows
from rft_core.store.schema import runs
from rft_core.store.summary_rows import write_summary

ROWS_AT_ONCE = 5000


def import_bundle(store: RunStore, file: Path | BinaryIO, name: str = "") -> dict[str, Any]:
    """Bring in the runs, and of a home's bundle the datasets and weights, of `file`.

    Returns {"kind", "runs": [{"run_id", "as", "name", "status", "outcome"}], "folders": [{"path",
    "outcome"}]}. Raises BundleError naming the reason of a refusal; then nothing was changed.
    """
    name = name or Path(str(file)).name
    with opened(file, name) as bundle, home_turn(store.home):
        try:
            with atomic_folder(store.home.runs / "import") as staging:
                unpack(bundle, staging)
                arriving = read_arriving(store, bundle, staging)
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
                "run_id": run.document["run_id"],
                "as": run.run_id,
                "name": run.spec.name,
                "status": landed_status(run.document["status"]),
                "outcome": run.outcome,
            }
            for run in arriving
        ]
        return {"kind": bundle.manifest.kind, "runs": rows, "folders": folders}


def import_lines(done: dict[str, Any]) -> list[str]:
    """Return one line for each run and folder in the result of `import_bundle`."""
    lines = []
    for row in done["runs"]:
        named = f" ({printable(row['name'])})" if row["name"] else ""
        lines.append(
            f"{row['run_id']}{named}: {row['outcome']}"
            + (f", {row['as']}" if row["as"] != row["run_id"] else "")
        )
    return lines + [f"{printable(row['path'])}: {row['outcome']}" for row in done["folders"]]


def _bring_in(
    store: RunStore, bundle: Bundle, staging: Path, arriving: Sequence[ArrivingRun]
) -> list[dict[str, str]]:
    """Move files into place, then write all rows in one transaction: a run appears when it is
    complete.

    After an error the files are removed again.
    """
    new_runs = [run for run in arriving if run.outcome != HERE]
    names = {run.document["run_id"]: run.run_id for run in arriving}
    moved: list[Path] = []
    try:
        outcomes = _move_folders(store.home, bundle, staging, moved)
        for run in new_runs:
            (run.folder / FILES).mkdir(exist_ok=True)
            _move(run.folder / FILES, store.home.run_folder(run.run_id), moved)
        with store.engine.execution_options(writes=True).begin() as connection:
            for run in new_runs:
                _insert(connection, run, names, bundle.name)
    except BaseException:
        for path in moved:
            remove_folder(path) if path.is_dir() else path.unlink(missing_ok=True)
        raise
    return outcomes


def _move_folders(
    home: Home, bundle: Bundle, staging: Path, moved: list[Path]
) -> list[dict[str, str]]:
    """Bring in datasets and weights, each folder completely or not at all: a mixture of two
    datasets would be neither.
    """
    units: dict[str, dict[str, str]] = {}
    for row in bundle.manifest.files:
        parts = row.path.split("/")
        if parts[0] != "runs":
            depth = 3 if parts[:2] == [home.datasets.name, home.uploads.name] else 2
            units.setdefault("/".join(parts[:depth]), {})[row.path] = row.sha256
    outcomes = []
    for unit, sums in units.items():
        outcome = IMPORTED
        if (home.root / unit).exists():
            same = all(
                (home.root / path).is_file() and file_sha256(home.root / path) == wanted
                for path, wanted in sums.items()
            )
            outcome = HERE if same else KEPT
        else:
            _move(staging / unit, home.root / unit, moved)
        outcomes.append({"path": unit, "outcome": outcome})
    return outcomes


def _move(source: Path, target: Path, moved: list[Path]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source, target)
    moved.append(target)


def _insert(connection: Connection, run: ArrivingRun, names: dict[str, str], bundle: str) -> None:
    document, run_id = run.document, run.run_id
    insert_run(connection, run_id, run.spec)
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
    write_summary(connection, run_id, run.spec.to_json(), report)
    rows = [
        {"run_id": run_id} | vars(event) | {"payload": json.dumps(event.payload)}
        for event in read_event_lines(run.folder)
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
