"""Run one spec in this process, stored and queued like any other, with a
progress bar on a terminal.
"""

import threading
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rft_core.errors import UserError
from rft_core.resources.backbones import check_backbone
from rft_core.spec.run_paths import require_paths
from rft_core.spec.run_spec import RunSpec
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore
from rft_core.worker.child import work_on
from rft_core.worker.devices import require_device

WAIT_SECONDS = 0.5


def run_here(
    store: RunStore, spec: RunSpec, target: str, devices: Sequence[str], console: Console
) -> RunRecord:
    """Store, claim and execute `spec` here; return its record.

    Waits while another run has the device.
    """
    check_backbone(spec.model.backbone)
    require_device(spec, devices)
    require_paths(spec)
    store.reconcile()
    run_id = store.submit(spec, reserved=True)
    if not _claim(store, run_id, tuple(devices), console):
        return store.get(run_id)
    watcher = threading.Thread(target=_watch, args=(store, run_id, console), daemon=True)
    watcher.start()
    work_on(store, run_id, target)
    watcher.join(timeout=2)
    record = store.get(run_id)
    if record.status == "failed":
        raise UserError(f"run {run_id} failed: {record.reason}")
    return record


def _claim(store: RunStore, run_id: str, devices: tuple[str, ...], console: Console) -> bool:
    """Wait for the device; return whether the run was claimed, and not stopped while it waited."""
    is_announced = False
    while store.claim(devices, run_id) is None:
        if store.get(run_id).status != "queued":
            return False
        if not is_announced:
            console.print("waiting: another run has the device")
            is_announced = True
        store.reconcile()
        time.sleep(WAIT_SECONDS)
    return True


def _watch(store: RunStore, run_id: str, console: Console) -> None:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        task = bar.add_task(run_id, total=1)
        while (record := store.get(run_id)).is_active:
            if record.total_steps:
                bar.update(task, total=record.total_steps, completed=record.step)
            time.sleep(WAIT_SECONDS)
