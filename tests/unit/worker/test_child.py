"""rft_core.worker.child: whatever happens to a run, its status is true afterwards."""

import os
import signal
import sqlite3
import threading

import pytest
from sqlalchemy.exc import OperationalError

from rft_core.spec.run_spec import RunSpec
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import read_events
from rft_core.store.run_store import RunStore
from rft_core.worker import child
from rft_core.worker.child import work_on

FAKE = "tests.unit.worker.fake_engine"


@pytest.fixture(autouse=True)
def _keep_signals():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def run_id(store) -> str:
    run_id = store.submit(RunSpec())
    store.claim(("cpu",))
    return run_id


def test_a_finished_run(store, run_id):
    work_on(store, run_id, f"{FAKE}:finish")
    record = store.get(run_id)
    assert (record.status, record.reason, record.step, record.total_steps) == ("finished", "", 3, 3)
    assert (record.report["clean_accuracy"], record.report["robust_accuracy"]) == (0.8, 0.5)
    assert [artifact.path for artifact in list_artifacts(store.engine, run_id)] == ["model.bin"]
    events = read_events(store.engine, run_id)
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
    assert [event.kind for event in events] == ["status", "train", "train", "train", "status"]
    assert [events[place].payload["status"] for place in (0, -1)] == ["running", "finished"]


@pytest.mark.parametrize(
    ("function", "status", "reason"),
    [
        ("pause", "paused", "paused by request; resume it to go on"),
        (
            "diverge",
            "failed",
            "the loss is not a finite number at step 3; lower optim.learning_rate",
        ),
        (
            "crash",
            "failed",
            (
                "ZeroDivisionError: division by zero; the whole trace is in run.log of the run's"
                " folder"
            ),
        ),
        (
            "run_out_of_memory",
            "failed",
            (
                "out of memory; set runtime.checkpoint_activations to true, or lower"
                " optim.batch_size or data.image_size, then run it again"
            ),
        ),
        (
            "interrupt",
            "lost",
            "interrupted from the keyboard; resume it to go on from its last checkpoint",
        ),
        ("missing_function", "failed", None),
    ],
)
def test_how_a_run_ends_otherwise(store, run_id, function, status, reason):
    work_on(store, run_id, f"{FAKE}:{function}")
    record = store.get(run_id)
    assert record.status == status
    assert record.reason == reason or (reason is None and "missing_function" in record.reason)
    assert record.report is None
    assert read_events(store.engine, run_id)[-1].payload == {
        "status": status,
        "reason": record.reason,
    }


def test_a_store_that_is_locked_while_a_run_begins_and_ends_costs_nothing(
    store, run_id, monkeypatch
):
    monkeypatch.setattr(child, "_detach", lambda *_: None)
    monkeypatch.setattr(child.time, "sleep", lambda _: None)
    refused = []
    for name in ("adopt", "finish"):
        monkeypatch.setattr(RunStore, name, refusing_twice(getattr(RunStore, name), refused))
    child.run_child(run_id, store.home, f"{FAKE}:finish", os.getpid())
    assert (store.get(run_id).status, refused) == (
        "finished",
        ["adopt", "adopt", "finish", "finish"],
    )


def refusing_twice(method, refused: list):
    """`method` of a store that is locked the first two times."""

    def locked(*arguments):
        if refused.count(method.__name__) < 2:
            refused.append(method.__name__)
            raise OperationalError("update", {}, sqlite3.OperationalError("database is locked"))
        return method(*arguments)

    return locked


def test_a_run_that_another_process_has_is_left_alone(store, run_id, monkeypatch):
    monkeypatch.setattr(child, "_detach", lambda *_: None)
    store._set(run_id, pid=77)
    child.run_child(run_id, store.home, f"{FAKE}:finish", os.getpid())
    assert (store.get(run_id).status, read_events(store.engine, run_id)) == ("running", [])


@pytest.mark.parametrize(("wish", "status"), [("pause", "paused"), ("stop", "stopped")])
def test_a_request_reaches_the_engine(store, run_id, wish, status):
    asking = threading.Timer(0.2, store.request, (run_id, wish))
    asking.start()
    work_on(store, run_id, f"{FAKE}:wait_for_request")
    asking.join()
    record = store.get(run_id)
    assert (record.status, record.request) == (status, "")
    assert (record.report is not None) == (wish == "stop")


def test_a_termination_signal_pauses(store, run_id):
    asking = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    asking.start()
    work_on(store, run_id, f"{FAKE}:wait_for_request")
    asking.join()
    assert store.get(run_id).status == "paused"


def test_the_engine_is_told_the_device_that_was_claimed(store):
    """Two runs that say "auto" on a machine with two GPUs must not meet on the first one."""
    devices = ("cpu", "cuda:0", "cuda:1")
    for _ in range(2):
        store.submit(RunSpec())
    claimed = [store.claim(devices) for _ in range(2)]
    for record in claimed:
        work_on(store, record.run_id, f"{FAKE}:finish")
    assert [store.get(record.run_id).report["machine"]["device"] for record in claimed] == [
        "cuda:0",
        "cuda:1",
    ]


def test_a_resumed_run_appends_to_its_events(store, run_id):
    work_on(store, run_id, f"{FAKE}:pause")
    store.resume(run_id)
    store.claim(("cpu",))
    work_on(store, run_id, f"{FAKE}:finish")
    assert [event.sequence for event in read_events(store.engine, run_id)] == list(range(1, 8))
    assert store.get(run_id).status == "finished"
