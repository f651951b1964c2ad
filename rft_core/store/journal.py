"""The journal of a run: what it has reported and the store has not yet taken, in a
file beside its results.

A process that is killed loses what it held in memory. Its checkpoint may by then lie beyond those
events, so that a resumed run would never report them again; so each is written to a file before it
counts as reported, and the next process that works on the run hands it to the store. The file
survives its process, not a power cut: it is not synced to disk.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from rft_core.files.run_files import JOURNAL
from rft_core.store.artifacts import Artifact, record_artifacts
from rft_core.store.events import Event, append_missing


class Journal:
    """The journal in a run's folder, as its one writer sees it."""

    def __init__(self, folder: Path):
        self._path = folder / JOURNAL

    def note(self, entry: Event | Artifact) -> None:
        """Append one entry. A full disk is tolerated: the entry still waits in memory."""
        line = json.dumps({type(entry).__name__: asdict(entry)}) + "\n"
        with contextlib.suppress(OSError), open(self._path, "ab", buffering=0) as file:
            file.write(line.encode())

    def clear(self) -> None:
        """Forget every entry: the store has them all."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def recover(engine: Engine, run_id: str, folder: Path) -> None:
    """Hand the store what a killed process of the run left in `folder`.

    What the store already has is not doubled.
    """
    entries = list(_read(folder / JOURNAL))
    if not entries:
        return
    append_missing(
        engine, run_id, [Event(**values) for kind, values in entries if kind == Event.__name__]
    )
    record_artifacts(
        engine,
        run_id,
        [Artifact(**values) for kind, values in entries if kind == Artifact.__name__],
    )
    Journal(folder).clear()


def _read(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        # a line that a full disk cut short
        with contextlib.suppress(ValueError):
            yield from json.loads(line).items()
