"""rft_core.bench.latency: a real worker, a real first step; nothing of it stays."""

import psutil
import pytest

from rft_core.bench import latency
from rft_core.errors import UserError
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings


def test_a_waiting_worker_is_faster_and_nothing_is_left():
    measured = latency.measure_latency()
    assert 0 < measured["warm_seconds"] < measured["cold_seconds"] < latency.PATIENCE_SECONDS
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if any("rft-latency-" in part for part in process.info["cmdline"] or [])
    ]


def test_a_run_that_fails_is_reported(store, monkeypatch):
    def failed(store, spec):
        run_id = store.submit(spec)
        store.finish(run_id, "failed", "no such thing", None)
        return run_id

    monkeypatch.setattr(latency, "submit", failed)
    with pytest.raises(UserError, match="failed, no such thing"):
        latency._first_step(store, with_settings(preset("digits_quick"), {"name": "x"}))
