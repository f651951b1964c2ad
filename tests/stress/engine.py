"""The engine's entry point with a witness: every event is also written to a log of the tests' own,
and a fault can be planted.

A spec's tag `inject:NAME` plants a fault of PLANTS in the run's first execution.
Tags decide no number.
"""

import contextlib
import fcntl
import json
import os
import resource
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from rft_core.engine import execution as engine
from rft_core.engine.reporter import Reporter
from rft_core.engine.training import progress, step
from rft_core.metrics.run_report import RunReport
from rft_core.spec.run_spec import RunSpec

CHECKPOINT_SECONDS = 0.1
PLANT = "inject:"
# the step at which a planted fault begins, and how long a full disk lasts
AT_STEP, FULL_SECONDS = 12, 1.5
# bytes that a file may grow to while the disk is "full"; a checkpoint has more
FULL_BYTES = 4_000_000
# a disk of more bytes than this is somebody's own
MOST_DISK_BYTES = 1_000_000_000


class Witness:
    """A reporter that writes down what it is told, before and after it hands it on."""

    def __init__(self, inner: Reporter, folder: Path):
        self.inner, self.run_id, self.folder = inner, inner.run_id, inner.folder
        folder.mkdir(exist_ok=True)
        self.file = os.open(folder / f"{self.run_id}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        # held while the process lives: a second execution at the same time finds it taken
        self.lock = os.open(folder / f"{self.run_id}.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.note("started", pid=os.getpid())
        except BlockingIOError:
            self.note("overlap", pid=os.getpid())

    def note(self, word: str, **facts: Any) -> None:
        os.write(self.file, (json.dumps({"word": word} | facts) + "\n").encode())

    def event(self, kind: str, step: int, epoch: float, payload: dict[str, Any]) -> None:
        entry = {"kind": kind, "step": step, "payload": payload}
        self.note("reporting", **entry)
        self.inner.event(kind, step, epoch, payload)
        self.note("reported", **entry)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def execute(spec: RunSpec, reporter: Reporter) -> RunReport | None:
    """Execute `spec` as the engine does, with checkpoints often enough for runs of a second."""
    folder = reporter.folder.parent.parent / "witness"
    is_first = not (folder / f"{reporter.run_id}.jsonl").exists()
    witness = Witness(reporter, folder)
    progress.CHECKPOINT_SECONDS = CHECKPOINT_SECONDS
    for tag in spec.tags:
        if is_first and tag.startswith(PLANT):
            PLANTS[tag.removeprefix(PLANT)]()
    return engine.execute(spec, witness)


def _from_step(fault) -> None:
    """Let `fault` (step) act before each step from AT_STEP on."""
    true_step = step.training_step

    def step_with_fault(job, step, *arguments, **options):
        if step >= AT_STEP:
            fault(step)
        return true_step(job, step, *arguments, **options)

    step.training_step = step_with_fault


def _no_memory() -> None:
    def refuse(step):
        raise RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you"
            " tried to allocate 9999999999 bytes."
        )

    _from_step(refuse)


def _hang() -> None:
    """Block as a loader does on a pipe that nobody writes to."""
    _from_step(lambda step: os.read(os.pipe()[0], 1))


def _full_for_checkpoints() -> None:
    """Let no file grow beyond FULL_BYTES for a while: checkpoints break off half-written."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    _for_a_while(
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, limit[1])),
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )


def _full_for_events() -> None:
    """Let the store refuse every write for a while, as SQLite does on a full disk."""

    def refuse(connection, cursor, statement, *_):
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError(
                statement, {}, sqlite3.OperationalError("database or disk is full")
            )

    _for_a_while(
        lambda: event.listen(Engine, "before_cursor_execute", refuse),
        lambda: event.remove(Engine, "before_cursor_execute", refuse),
    )


def _full_disk() -> None:
    """Leave no block free on the disk that the home is on, for a while; a disk that
    others need is not filled.
    """
    ballast = Path(os.environ["RFT_HOME"]) / "ballast"

    def fill():
        disk = os.statvfs(ballast.parent)
        if disk.f_blocks * disk.f_frsize > MOST_DISK_BYTES:
            raise RuntimeError(f"{ballast.parent} is not on a small disk of its own")
        with open(ballast, "wb", buffering=0) as file:
            for size in (2**20, disk.f_frsize):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    _for_a_while(fill, ballast.unlink)


def _for_a_while(begin: Callable[[], None], end: Callable[[], None]) -> None:
    """Begin a fault at AT_STEP and end it FULL_SECONDS later, while the run is still at work."""

    def act(step):
        if step == AT_STEP:
            begin()
            threading.Timer(FULL_SECONDS, end).start()
        time.sleep(0.07)

    _from_step(act)


PLANTS = MappingProxyType(
    {
        "no_memory": _no_memory,
        "hang": _hang,
        "full_checkpoint": _full_for_checkpoints,
        "full_events": _full_for_events,
        "full_disk": _full_disk,
    }
)
