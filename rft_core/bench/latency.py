"""How long it takes from a click to training: from `submit` to the first step, without a worker
and with a waiting worker.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from rft_core.errors import UserError
from rft_core.files.home import Home, find_home
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store.events import read_events
from rft_core.store.run_store import RunStore, open_store
from rft_core.worker.submit import submit

POLL_SECONDS, PATIENCE_SECONDS, WARM_RUNS = 0.01, 120.0, 3


def measure_latency() -> dict[str, float]:
    """Return seconds from `submit` to the first training step: "cold_seconds" starts a worker,
    "warm_seconds" (median of three) finds it waiting.
    """
    with _scratch_home() as home:
        store = open_store(home)
        spec = with_settings(preset("scheduled"), {"name": "latency", "evaluation.eval_size": 100})
        cold, *warm = (_first_step(store, spec) for _ in range(1 + WARM_RUNS))
    return {"cold_seconds": cold, "warm_seconds": median(warm)}


def _first_step(store: RunStore, spec: RunSpec) -> float:
    """Submit `spec`, pause it after its first step, and return the seconds until that step."""
    started = time.time()
    run_id = submit(store, spec)
    deadline = started + PATIENCE_SECONDS
    while not (steps := read_events(store.engine, run_id, kinds=("train",))):
        if (record := store.get(run_id)).ended or time.time() > deadline:
            raise UserError(
                f"the run that measures the start never took a step: {record.status},"
                f" {record.reason or 'no reason given'}"
            )
        time.sleep(POLL_SECONDS)
    store.request(run_id, "pause")
    while store.get(run_id).status != "paused":
        time.sleep(POLL_SECONDS)
    return steps[0].wall_time - started


@contextmanager
def _scratch_home() -> Iterator[Home]:
    """Yield a temporary home and end its worker afterwards."""
    with TemporaryDirectory(prefix="rft-latency-") as folder:
        home = find_home(Path(folder))
        try:
            yield home
        finally:
            workers = [
                process
                for process in psutil.process_iter(["cmdline"])
                if str(home.root) in (process.info["cmdline"] or [])
            ]
            children = [child for worker in workers for child in worker.children(recursive=True)]
            for process in (*children, *workers):
                # it may have ended by itself
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(workers, timeout=10)
