"""Submit a run, and make sure that a worker is running. It outlives the process that started it."""

from pathlib import Path

from filelock import Timeout

from rft_core.files.home import Home
from rft_core.resources.backbones import check_backbone
from rft_core.resources.dataset_check import check_dataset
from rft_core.spec.run_paths import require_paths
from rft_core.spec.run_spec import RunSpec
from rft_core.store.detached import start_detached
from rft_core.store.run_store import RunStore
from rft_core.worker.devices import local_devices, require_device
from rft_core.worker.loop import worker_lock


def submit(store: RunStore, spec: RunSpec, *, start_worker: bool = True) -> str:
    """Queue `spec` and start a worker when none is running; return the run's id.

    Raises UserError where the run could not begin: a backbone that is unknown or cannot be
    fine-tuned, no such device on this machine, or a folder of images that no run can use.
    """
    check_backbone(spec.model.backbone)
    if store.is_local:
        require_device(spec, local_devices())
        require_paths(spec)
        _check_folder(spec)
    run_id = store.submit(spec)
    if start_worker:
        ensure_worker(store.home)
    return run_id


def _check_folder(spec: RunSpec) -> None:
    """Raise where the folder or zip of `spec` lies here and cannot be used; one that is not here
    yet may be there when the run begins.
    """
    data = spec.data
    if Path(data.dataset.partition(":")[2]).expanduser().exists():
        check_dataset(data.dataset, data.layout, data.domains)


def ensure_worker(home: Home) -> bool:
    """Start a worker process for `home` unless one is running; return whether one was started."""
    if worker_is_running(home):
        return False
    start_detached(home, ["worker", "--home", str(home.root)], home.worker_log, append=True)
    return True


def worker_is_running(home: Home) -> bool:
    """Return whether a worker holds the home's lock."""
    lock = worker_lock(home)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
