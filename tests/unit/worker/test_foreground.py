"""rft_core.worker.foreground: one run in this process, stored and queued like any other."""

import io
import threading
import time

import pytest
from rich.console import Console

from rft_core.errors import SettingError, UserError
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.worker import foreground
from rft_core.worker.foreground import run_here

FAKE = "tests.unit.worker.fake_engine"
CPU = ("cpu",)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO())


def test_a_run_is_stored(store, console):
    record = run_here(store, RunSpec(), f"{FAKE}:finish", CPU, console)
    assert record.status == "finished"
    assert store.get(record.run_id).report["clean_accuracy"] == 0.8


def test_a_failure_is_one_message(store, console):
    with pytest.raises(UserError, match="failed: the loss is not a finite number"):
        run_here(store, RunSpec(), f"{FAKE}:diverge", CPU, console)


def test_a_device_that_is_not_here_is_said_at_once(store, console, monkeypatch):
    # an endless wait would be for a device that never comes
    monkeypatch.setattr(foreground, "time", None)
    with pytest.raises(SettingError, match="runtime.device"):
        run_here(
            store,
            with_settings(RunSpec(), {"runtime.device": "cuda:77"}),
            f"{FAKE}:finish",
            CPU,
            console,
        )
    assert store.records() == []


def test_waiting_for_the_device_ends_when_the_run_is_stopped(store, console, monkeypatch):
    monkeypatch.setattr(foreground, "WAIT_SECONDS", 0.02)
    store.submit(RunSpec())
    other = store.claim(CPU).run_id
    results = []
    waiting = threading.Thread(
        target=lambda: results.append(run_here(store, RunSpec(), f"{FAKE}:finish", CPU, console)),
        daemon=True,
    )
    waiting.start()
    while not (mine := [record.run_id for record in store.records(("queued",))]):
        time.sleep(0.01)
    store.request(mine[0], "stop")
    waiting.join(timeout=2)
    ended = not waiting.is_alive()
    # lets the thread of a failing test end too
    store.delete(mine[0])
    store.finish(other, "stopped")
    assert ended
    assert results[0].status == "stopped"
