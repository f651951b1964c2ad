"""StoreReporter: carries a run's events, files and heartbeat into the store, from
a thread of its own.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from rft_core.store.artifacts import Artifact, describe_file, record_artifacts, remove_unfinished
from rft_core.store.events import Event, append_events, last_sequence
from rft_core.store.journal import Journal, recover
from rft_core.store.run_store import RunStore
from rft_core.units import format_duration

FLUSH_SECONDS = 0.5
# how long a process that is done waits for a store that is locked or on a full disk
PATIENCE_SECONDS = 900.0
# a run that reports nothing for so long says so: it may be measuring with a slow attack, or hang
SILENCE_SECONDS = 300.0
log = logging.getLogger(__name__)


class StoreReporter:
    """A reporter for one run.

    Events reach the store at most about a second late; measurements at once.

    A store that is busy never stops training: events wait here and go with the next flush.
    """

    def __init__(self, store: RunStore, run_id: str):
        self.run_id, self.folder = run_id, store.folder(run_id)
        self._store = store
        self._waiting: list[Event] = []
        self._files: list[Artifact] = []
        self._last_news = time.monotonic()
        recover(store.engine, run_id, self.folder)
        remove_unfinished(self.folder)
        self._journal = Journal(self.folder)
        self._sequence = last_sequence(store.engine, run_id)
        record = store.get(run_id)
        self._step, self._total_steps = record.step, record.total_steps
        self._wish, self._waiting_for = "", ""
        self._lock, self._wake, self._closing = threading.Lock(), threading.Event(), False
        self._thread = threading.Thread(target=self._beat, name="reporter", daemon=True)

    def __enter__(self) -> "StoreReporter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._wake.set()
        self._thread.join()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._flush() and time.monotonic() < deadline:
            time.sleep(FLUSH_SECONDS)

    def event(self, kind: str, step: int, epoch: float, payload: dict[str, Any]) -> None:
        """Append one event; it is numbered here, so that none can be doubled or lost in between."""
        with self._lock:
            self._sequence += 1
            self._wait(
                self._waiting, Event(self._sequence, step, epoch, time.time(), kind, payload)
            )
        self._last_news = time.monotonic()
        if kind != "train":
            self._wake.set()

    def progress(self, step: int, total_steps: int) -> None:
        """Remember how far training is, for the next heartbeat."""
        if step != self._step:
            self._last_news = time.monotonic()
        self._step, self._total_steps = step, total_steps

    @property
    def last_step(self) -> int:
        """The newest step of training that was reported."""
        return self._step

    def artifact(self, path: Path, kind: str) -> None:
        """Register a finished file: its checksum is taken now, its record reaches the store
        with the next flush.
        """
        record = describe_file(self.folder, path, kind)
        with self._lock:
            self._wait(self._files, record)

    def request(self) -> str | None:
        """Return what a person asked for, as of the last heartbeat, or None."""
        return self._wish or None

    def ask(self, wish: str) -> None:
        """Ask from inside the process, for a signal handler."""
        self._wish = wish

    def waits(self, line: str) -> None:
        """Say what the run waits for before it begins, until it is called with ""."""
        self._waiting_for, self._last_news = line, time.monotonic()
        self._wake.set()

    def _beat(self) -> None:
        while not self._closing:
            self._flush()
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()

    def _flush(self) -> bool:
        with self._lock:
            rows, files = list(self._waiting), list(self._files)
        try:
            append_events(self._store.engine, self.run_id, rows)
            with self._lock:
                del self._waiting[: len(rows)]
            record_artifacts(self._store.engine, self.run_id, files)
            with self._lock:
                del self._files[: len(files)]
                if not self._waiting and not self._files:
                    self._journal.clear()
            self._wish = (
                self._store.beat(self.run_id, self._step, self._total_steps, self._silence())
                or self._wish
            )
        except DBAPIError as error:
            log.warning("the store did not take %d events, trying again: %s", len(rows), error.orig)
            return False
        return True

    def _wait(self, queue: list, entry: Event | Artifact) -> None:
        self._journal.note(entry)
        queue.append(entry)

    def _silence(self) -> str:
        """Return what a run waits for, what to say of one that has had no news
        for long, else nothing.
        """
        if self._waiting_for:
            return self._waiting_for
        age = time.monotonic() - self._last_news
        if age < SILENCE_SECONDS:
            return ""
        return (
            f"no step and no measurement for {format_duration(age)}; a slow attack or a long load"
            " takes that, otherwise stop it and resume it"
        )
