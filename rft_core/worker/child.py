"""One process a run: takes over a claimed run, executes it, and leaves a true
status whatever happens.
"""

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from io import TextIOWrapper
from typing import Any

from sqlalchemy.exc import DBAPIError

from rft_core.errors import RftError
from rft_core.files import run_files
from rft_core.files.home import Home
from rft_core.spec.run_paths import settle_paths
from rft_core.spec.run_spec import with_settings
from rft_core.store.device_lock import device_turn
from rft_core.store.run_store import RunStore
from rft_core.worker.overdue import spent_reason
from rft_core.worker.reporter import PATIENCE_SECONDS, StoreReporter

# status, reason, report
Outcome = tuple[str, str, dict | None]
PAUSED: Outcome = ("paused", "paused by request; resume it to go on", None)
log = logging.getLogger(__name__)


def run_child(run_id: str, home: Home, target: str, claimer: int | None) -> None:
    """Entry point of the process. `target` names the engine's function as "module:function";
    process `claimer` claimed the run.
    """
    _detach(home, run_id)
    store = RunStore(home)
    if _persist(lambda: store.adopt(run_id, claimer)):
        work_on(store, run_id, target)
    else:
        log.warning("run %s was given to another process before this one began", run_id)


def work_on(store: RunStore, run_id: str, target: str) -> None:
    """Execute a claimed run in this process and record how it ended; a failure is recorded with
    its reason, not raised.
    """
    with _persist(lambda: StoreReporter(store, run_id)) as reporter:
        signal.signal(signal.SIGTERM, lambda *_: reporter.ask("pause"))
        try:
            outcome = _execute(store, run_id, target, reporter)
        except KeyboardInterrupt:
            outcome = (
                "lost",
                "interrupted from the keyboard; resume it to go on from its last checkpoint",
                None,
            )
        except RftError as error:
            outcome = ("failed", str(error), None)
        except MemoryError:
            outcome = (
                "failed",
                (
                    "out of memory; set runtime.checkpoint_activations to true, or lower"
                    " optim.batch_size or data.image_size, then run it again"
                ),
                None,
            )
        except OSError as error:
            traceback.print_exc()
            outcome = (
                "failed",
                (
                    f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''};"
                    " free space or repair the file, then resume it"
                ),
                None,
            )
        except Exception as error:
            traceback.print_exc()
            outcome = (
                "failed",
                (
                    f"{type(error).__name__}: {error}; the whole trace is in {run_files.LOG} of the"
                    " run's folder"
                ),
                None,
            )
        reporter.event(
            "status", reporter.last_step, 0.0, {"status": outcome[0], "reason": outcome[1]}
        )
    # the process lives until the end of the run is recorded, so that it is not taken for lost
    _persist(lambda: store.finish(run_id, *outcome))


def _execute(store: RunStore, run_id: str, target: str, reporter: StoreReporter) -> Outcome:
    """Execute a run once its device is its own; return how it ended."""
    with _turn(store, run_id, reporter) as is_mine:
        if not is_mine:
            return (
                ("stopped", "stopped by request while it waited for its device", None)
                if reporter.request() == "stop"
                else PAUSED
            )
        # from here on its pace is measured; what a resumed run did before is another session
        reporter.event("status", reporter.last_step, 0.0, {"status": "running", "reason": ""})
        record = store.get(run_id)
        spec, note = settle_paths(record.spec, run_id)
        if note:
            reporter.event("log", reporter.last_step, 0.0, {"text": note})
        # "auto" becomes the device that was claimed: on two GPUs two runs must
        # not meet on the first
        spec = with_settings(spec, {"runtime.device": record.device}) if record.device else spec
        origin = (
            {"parent": record.parent, "parent_step": record.parent_step} if record.parent else {}
        )
        report = _load(target)(spec, reporter)
    return (
        PAUSED
        if report is None
        else (report.status, _reason(store, run_id, report.status), report.as_dict() | origin)
    )


def _turn(store: RunStore, run_id: str, reporter: StoreReporter) -> AbstractContextManager[bool]:
    """Wait until no evaluation uses the device that was claimed; yields False when a person asked
    the run to end first.
    """
    record = store.get(run_id)
    if record.device is None:
        return nullcontext(True)
    return device_turn(
        store.home,
        record.device,
        f"run {record.name}",
        waiting=reporter.waits,
        given_up=lambda: reporter.request() is not None,
    )


def _persist(write: Callable[[], Any]) -> Any:
    """Return what `write` returns once the store takes it: however long it is locked or the disk
    full, up to PATIENCE_SECONDS.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return write()
        except DBAPIError as error:
            if time.monotonic() > deadline:
                raise
            log.warning("the store did not take the run's state, trying again: %s", error.orig)
            time.sleep(1)


def _reason(store: RunStore, run_id: str, status: str) -> str:
    if status != "stopped":
        return ""
    return (
        spent_reason(store, run_id)
        or "stopped by request; what was trained so far was measured and kept"
    )


def _load(target: str):
    module, function = target.split(":")
    return getattr(import_module(module), function)


def _detach(home: Home, run_id: str) -> None:
    """Leave the worker's terminal and process group, and write to the run's own log."""
    os.setsid()
    # the worker may serve a home given by option; the engine keeps datasets and
    # weights in the same one
    os.environ["RFT_HOME"] = str(home.root)
    folder = home.run_folder(run_id)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / run_files.LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
    # a name that the terminal's encoding lacks must not end a run
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s", force=True
    )
