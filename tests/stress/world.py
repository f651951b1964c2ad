"""A home of its own with a real worker, and what a test does to it: submit, kill, resume.

Its processes are found by the home in their environment.
"""

import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rft_core.files.home import CHECKOUT, find_home
from rft_core.store.run_store import RunStore
from rft_core.worker.submit import worker_is_running
from tests.stress.clock import VARIABLE
from tests.tiny import run_spec

MOVING = ("queued", "running", "stopping")
# the number of epochs makes a run of about a second: long enough to be hit
EPOCHS = 12
SEEDS = (1, 2)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = 160) -> Iterator[Path | None]:
    """Give a small disk in memory, mounted below `folder`, whose witnesses are written beside it;
    None where mounting is not allowed.
    """
    mounted, witness = folder / "small", folder / "witness-of-small"
    mounted.mkdir()
    witness.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(mounted)],
        capture_output=True,
    ).returncode:
        yield None
        return
    try:
        # what tells the truth about the fault must not meet it
        (mounted / "witness").symlink_to(witness)
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


class World:
    """One scratch home and the processes that were started on it."""

    def __init__(self, root: Path, seed: int = 0):
        self.root, self.random = root.resolve(), random.Random(seed)
        self.home = find_home(self.root)
        self.store = RunStore(self.home)
        self.clock = self.root / "clock"
        clean = {name: value for name, value in os.environ.items() if name != "RFT_STORE"}
        self.environment = clean | {
            "RFT_HOME": str(self.root),
            VARIABLE: str(self.clock),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(CHECKOUT),
        }
        self.worker: subprocess.Popen | None = None
        self.server: subprocess.Popen | None = None

    def start_worker(self) -> None:
        """Start a worker unless one runs."""
        if self.worker is None or self.worker.poll() is not None:
            self.worker = self._start("worker.log", "-m", "tests.stress.worker", str(self.root))

    def start_server(self) -> int:
        """Start the dashboard on a free port; return the port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.server = self._start("server.log", "-m", "rft_core", "app", "--port", str(port))
        return port

    def _start(self, log: str, *arguments: str) -> subprocess.Popen:
        with open(self.root / log, "ab") as output:
            command = [sys.executable, *arguments]
            return subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def submit(self, number: int, *tags: str, **changes) -> str:
        """Queue a run of about a second; `number` chooses its seed."""
        return self.store.submit(
            run_spec(seed=SEEDS[number % len(SEEDS)], optim__epochs=EPOCHS, tags=tags, **changes)
        )

    def command(self, *arguments: str) -> dict:
        """Run a command of the program with --json; return its answer."""
        command = [sys.executable, "-m", "rft_core", *arguments, "--json"]
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def row(self, run_id: str) -> sqlite3.Row:
        """Return a run's row, read past the code under test."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self.root / 'rft.db'}?mode=ro", uri=True, timeout=30)
        ) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute("select * from runs where run_id = ?", (run_id,)).fetchone()

    def until(self, true: Callable[[], object], seconds: float = 60.0) -> bool:
        """Wait until `true`; return whether it came true in time."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def until_still(self, run_id: str, seconds: float = 60.0) -> str:
        """Wait until a run neither waits nor works; return its status."""
        self.until(lambda: self.row(run_id)["status"] not in MOVING, seconds)
        return self.row(run_id)["status"]

    def is_moving(self, run_id: str) -> bool:
        """Return whether a run waits or works."""
        return self.row(run_id)["status"] in MOVING

    def until_worker_serves(self) -> None:
        """Start a worker unless one runs, and wait until it serves: a command of the program would
        start one of its own otherwise.
        """
        self.start_worker()
        self.until(lambda: worker_is_running(self.home), 60)

    def executing(self, run_id: str) -> int | None:
        """Return the process that works on a run, once the engine has begun;
        None when there is none.
        """
        row, witness = self.row(run_id), self.root / "witness" / f"{run_id}.jsonl"
        begun = (
            witness.exists()
            and row["status"] in ("running", "stopping")
            and self._is_ours(row["pid"])
        )
        return row["pid"] if begun and row["pid"] != getattr(self.worker, "pid", None) else None

    def processes(self) -> list[int]:
        """Return the PIDs whose environment names this home, this process and zombies excepted."""
        everyone = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in everyone if self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        try:
            return (
                pid != os.getpid()
                and f"RFT_HOME={self.root}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()
            )
        except OSError:
            # it ended meanwhile
            return False

    def orphans(self, seconds: float = 15.0) -> list[int]:
        """Return the processes that outlive the work: all but the worker, what it started
        itself, and the server.
        """

        def strays() -> list[int]:
            kept = {
                process.pid
                for process in (self.worker, self.server)
                if process is not None and process.poll() is None
            }
            return [pid for pid in self.processes() if pid not in kept and _parent(pid) not in kept]

        self.until(lambda: not strays(), seconds)
        return strays()

    def kill(self, pid: int) -> bool:
        """Kill -9 a process of this home; return whether it was there."""
        if not self._is_ours(pid):
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def kill_worker(self) -> bool:
        """Kill -9 the worker."""
        return self.worker is not None and self._end(self.worker)

    def kill_server(self) -> bool:
        """Kill -9 the dashboard."""
        return self.server is not None and self._end(self.server)

    def _end(self, process: subprocess.Popen) -> bool:
        was_there = process.poll() is None
        if was_there:
            process.kill()
        process.wait(10)
        return was_there

    def jump(self, seconds: float) -> None:
        """Move the clock of worker and runs by `seconds` from the true time."""
        new_clock = self.clock.with_name("clock.new")
        new_clock.write_text(str(seconds))
        new_clock.replace(self.clock)

    def close(self) -> list[int]:
        """End worker and server, then whatever is left; return what was left
        although all was ended.
        """
        self.kill_worker()
        self.kill_server()
        left = self.orphans()
        for pid in left:
            self.kill(pid)
        return left


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0
