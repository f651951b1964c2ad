"""The pull worker: claim a run, start a process for it, watch it, claim the next.

One worker a home and machine.
"""

import logging
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess

import psutil
from filelock import FileLock, Timeout
from sqlalchemy.exc import DBAPIError

from rft_core.errors import StoreError, UserError
from rft_core.files.home import Home
from rft_core.store.process import is_alive, this_host
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore
from rft_core.worker.child import run_child
from rft_core.worker.overdue import stop_overdue

POLL_SECONDS = 0.2
RECONCILE_SECONDS = 5.0
IDLE_SECONDS = 3600.0
# how long a killed process may take to be gone
KILL_SECONDS = 5.0
# after a request a run finishes its step and measures; one that does neither for so long is killed
DEAF_SECONDS = 600.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Engine:
    """What the worker runs, by name, so that it need not import it: the entry point and the
    modules to load ahead.
    """

    target: str
    preload: tuple[str, ...] = ()


def run_worker(home: Home, engine: Engine, devices: Sequence[str], *, once: bool = False) -> int:
    """Work until the queue is empty (`once`), or until nothing was asked for an hour; return the
    number of runs done.

    Raises StoreError when another worker already serves this home on this machine.
    """
    try:
        with worker_lock(home).acquire(timeout=0):
            return _Worker(home, engine, tuple(devices)).work(once)
    except Timeout:
        raise StoreError(
            f"a worker already serves {home.root}; it takes new runs by itself"
        ) from None


def worker_lock(home: Home) -> FileLock:
    """Return the lock that the worker of a home holds while it lives; the system drops it
    when the process ends.
    """
    return FileLock(home.root / "worker.lock")


class _Worker:
    def __init__(self, home: Home, engine: Engine, devices: tuple[str, ...]):
        self.home, self.engine, self.devices = home, engine, devices
        self.store = RunStore(home)
        self.children: dict[str, BaseProcess] = {}
        # run -> (step, since when) of runs that were asked to stop and stand still
        self.deaf: dict[str, tuple[int, float]] = {}
        # a fork of a process that has torch and timm loaded starts in milliseconds
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["rft_core.worker.child", *engine.preload])
        forkserver.ensure_running()

    def work(self, once: bool) -> int:
        done, last_use, last_check = 0, time.monotonic(), -RECONCILE_SECONDS
        while True:
            try:
                done += self._collect()
                if time.monotonic() - last_check > RECONCILE_SECONDS:
                    self.store.reconcile(spared=self.children)
                    stop_overdue(self.store)
                    self._end_deaf_runs()
                    self.store.purge()
                    last_check = time.monotonic()
                record = self.store.claim(self.devices)
            except DBAPIError as error:
                log.warning("the store is busy, trying again: %s", error.orig)
                record = None
            if record is not None:
                self._start(record)
            if self.children or record is not None:
                last_use = time.monotonic()
            elif once or time.monotonic() - last_use > IDLE_SECONDS:
                return done
            if record is None:
                time.sleep(POLL_SECONDS)

    def _start(self, record: RunRecord) -> None:
        log.info("starting run %s on %s", record.run_id, record.device)
        child = self.context.Process(
            target=run_child,
            args=(record.run_id, self.home, self.engine.target, record.pid),
            name=record.run_id,
            daemon=False,
        )
        child.start()
        self.children[record.run_id] = child

    def _collect(self) -> int:
        """Forget children that ended; a run that its process left without a
        status becomes "lost".
        """
        ended = [run_id for run_id, child in self.children.items() if not child.is_alive()]
        for run_id in ended:
            code = self.children[run_id].exitcode
            try:
                record = self.store.get(run_id)
            except UserError:
                # a person deleted it as soon as it had ended
                del self.children[run_id]
                continue
            if record.is_active:
                self.store.finish(
                    run_id,
                    "lost",
                    f"its process {_ending(code)} at step {record.step}; resume it to go on from"
                    " its last checkpoint",
                )
            # forgotten last: a store that is busy above is asked again
            del self.children[run_id]
            log.info("run %s ended", run_id)
        return len(ended)

    def _end_deaf_runs(self) -> None:
        """End a run that was asked to stop and has neither stopped nor moved on for long: it hangs.

        Also one that an earlier worker started.
        """
        stopping = {
            record.run_id: record
            for record in self.store.records(("stopping",))
            if record.host == this_host()
        }
        self.deaf = {run_id: seen for run_id, seen in self.deaf.items() if run_id in stopping}
        for run_id, record in stopping.items():
            step, since = self.deaf.setdefault(run_id, (record.step, time.monotonic()))
            if step != record.step:
                self.deaf[run_id] = (record.step, time.monotonic())
            elif time.monotonic() - since > DEAF_SECONDS:
                self._end_deaf(record)

    def _end_deaf(self, record: RunRecord) -> None:
        """Kill the process of a run; once it is gone, say that the run was
        ended as a person asked.
        """
        # until its process has adopted it, a run has the PID of the worker
        child = self.children.get(record.run_id)
        pid = record.pid if child is None else child.pid
        if pid is None or (child is None and not is_alive(pid, record.pid_start)):
            return
        log.warning("run %s was asked to stop and hangs; its process is killed", record.run_id)
        # it may have ended by itself meanwhile, or wait for a device that does not answer
        if _killed(pid) and self.store.get(record.run_id).is_active:
            status = "paused" if record.request == "pause" else "stopped"
            reason = (
                f"{status} by request, but it hung at step {record.step} and its process was"
                " killed; resume it to go on from its last checkpoint"
            )
            self.store.finish(record.run_id, status, reason)


def _killed(pid: int) -> bool:
    """Kill a process; return whether it is gone, or is a zombie that nobody has collected yet."""
    try:
        process = psutil.Process(pid)
        process.kill()
        deadline = time.monotonic() + KILL_SECONDS
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    return True


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by signal {-code}" + (", often for want of memory" if code == -9 else "")
