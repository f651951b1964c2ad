"""Compare the files of a run with their records: a checkpoint that is damaged or newer, files that
are missing or changed.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, update

from rft_core.files.run_files import CHECKPOINT, CHECKPOINT_KIND, PREVIOUS_CHECKPOINT
from rft_core.health.findings import ORPHANS, Finding, move_to_orphans
from rft_core.store.artifacts import Artifact, list_artifacts, register_artifact
from rft_core.store.checkpoint_check import is_intact
from rft_core.store.events import Event, append_events, last_sequence
from rft_core.store.run_store import RunStore
from rft_core.store.schema import artifacts

# prefixes of an artifact's kind; a reader that asks for the plain kind does not get such a file
MISSING, DAMAGED = "missing ", "damaged "


def check_run_files(store: RunStore, run_id: str) -> Iterator[Finding]:
    """Yield what differs between the files of a run and their records."""
    folder, recorded = (
        store.home.run_folder(run_id),
        {row.path: row for row in list_artifacts(store.engine, run_id)},
    )
    if CHECKPOINT in recorded or (folder / CHECKPOINT).exists():
        yield from _checkpoint(store, run_id, recorded.pop(CHECKPOINT, None))
    for row in recorded.values():
        yield from _file(store, run_id, row)


def _checkpoint(store: RunStore, run_id: str, row: Artifact | None) -> Iterator[Finding]:
    folder = store.home.run_folder(run_id)
    path, previous, subject = (
        folder / CHECKPOINT,
        folder / PREVIOUS_CHECKPOINT,
        f"{run_id}/{CHECKPOINT}",
    )
    if row is not None and not row.kind.startswith((MISSING, DAMAGED)) and _matches(path, row):
        return
    if is_intact(path):
        # its process ended between the file and its record
        state = "it is whole, and recorded otherwise or not at all"
        yield Finding(
            "checkpoint",
            subject,
            state,
            "record it as it is",
            partial(register_artifact, store.engine, run_id, folder, path, CHECKPOINT_KIND),
        )
    elif is_intact(previous):
        state = "it is damaged" if path.exists() else "it is missing"
        yield Finding(
            "checkpoint",
            subject,
            state,
            f"keep it in {ORPHANS} and put the previous one in its place",
            partial(_step_back, store, run_id),
        )
    elif row is not None:
        yield from _file(store, run_id, row)


def _step_back(store: RunStore, run_id: str) -> None:
    folder = store.home.run_folder(run_id)
    if (folder / CHECKPOINT).exists():
        move_to_orphans(store.home, folder / CHECKPOINT, f"{run_id}-{CHECKPOINT}")
    os.replace(folder / PREVIOUS_CHECKPOINT, folder / CHECKPOINT)
    register_artifact(store.engine, run_id, folder, folder / CHECKPOINT, CHECKPOINT_KIND)
    _note(
        store.engine,
        run_id,
        "the newest checkpoint was damaged or missing; the one before it took its place",
    )


def _file(store: RunStore, run_id: str, row: Artifact) -> Iterator[Finding]:
    path, plain = (
        store.home.run_folder(run_id) / row.path,
        row.kind.removeprefix(MISSING).removeprefix(DAMAGED),
    )
    mark = "" if _matches(path, row) else DAMAGED if path.exists() else MISSING
    subject, state = (
        f"{run_id}/{row.path}",
        "is whole again"
        if not mark
        else "is missing"
        if mark == MISSING
        else "has another checksum than recorded",
    )
    if mark + plain != row.kind:
        yield Finding(
            "file",
            subject,
            f"it {state}",
            "mark it in the run and note it in its log",
            partial(_set_kind, store.engine, run_id, row.path, mark + plain, state),
        )
    elif mark:
        yield Finding(
            "file",
            subject,
            f"it {state}, and is marked",
            "bring it back from a bundle or a backup, or delete the run",
        )


def _set_kind(engine: Engine, run_id: str, path: str, kind: str, state: str) -> None:
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(
            update(artifacts)
            .where(artifacts.c.run_id == run_id, artifacts.c.path == path)
            .values(kind=kind)
        )
    _note(engine, run_id, f"{path} {state}")


def _note(engine: Engine, run_id: str, text: str) -> None:
    append_events(
        engine,
        run_id,
        [
            Event(
                last_sequence(engine, run_id) + 1,
                0,
                0.0,
                time.time(),
                "log",
                {"text": f"repair: {text}"},
            )
        ],
    )


def _matches(path: Path, row: Artifact) -> bool:
    try:
        if path.stat().st_size != row.size:
            return False
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == row.sha256
    except OSError:
        return False
