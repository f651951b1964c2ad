"""rft_core.worker.reporter: events and heartbeats reach the store, also when it
is busy for a while.
"""

import sqlite3
import time

import pytest
from sqlalchemy.exc import OperationalError

from rft_core.spec.run_spec import RunSpec
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import read_events
from rft_core.worker import reporter as module
from rft_core.worker.reporter import StoreReporter


@pytest.fixture
def run_id(store) -> str:
    run_id = store.submit(RunSpec())
    store.claim(("cpu",))
    return run_id


def test_events_are_numbered_in_order(store, run_id):
    with StoreReporter(store, run_id) as reporter:
        for step in range(20):
            reporter.event("train", step, 0.0, {"loss": step})
            reporter.progress(step, 20)
    events = read_events(store.engine, run_id)
    assert [event.sequence for event in events] == list(range(1, 21))
    assert [event.payload["loss"] for event in events] == list(range(20))
    assert (store.get(run_id).step, store.get(run_id).total_steps) == (19, 20)


def test_a_measurement_is_there_at_once(store, run_id):
    with StoreReporter(store, run_id) as reporter:
        started = time.monotonic()
        reporter.event("eval", 0, 0.0, {})
        while not read_events(store.engine, run_id):
            assert time.monotonic() - started < 2
            time.sleep(0.01)


def test_a_busy_store_loses_no_event(store, run_id, monkeypatch):
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.01)
    refusals = iter([True] * 4)
    append = module.append_events

    def refuse_at_first(*arguments):
        if next(refusals, False):
            raise OperationalError("insert", {}, sqlite3.OperationalError("database is locked"))
        append(*arguments)

    monkeypatch.setattr(module, "append_events", refuse_at_first)
    with StoreReporter(store, run_id) as reporter:
        for step in range(5):
            reporter.event("eval", step, 0.0, {})
            time.sleep(0.02)
    assert [event.step for event in read_events(store.engine, run_id)] == [0, 1, 2, 3, 4]


def test_a_process_that_is_killed_loses_no_event_and_no_file(store, run_id):
    """Its checkpoint may already lie beyond them: a resumed run would never report them again."""
    killed = StoreReporter(store, run_id)
    killed.event("train", 0, 0.0, {"loss": 1.0})
    (killed.folder / "model.bin").write_bytes(b"weights")
    killed.artifact(killed.folder / "model.bin", "weights")
    with StoreReporter(store, run_id) as resumed:
        resumed.event("train", 1, 0.0, {"loss": 0.5})
    assert [(event.sequence, event.step) for event in read_events(store.engine, run_id)] == [
        (1, 0),
        (2, 1),
    ]
    assert [file.path for file in list_artifacts(store.engine, run_id)] == ["model.bin"]
    assert [path.name for path in resumed.folder.iterdir()] == ["model.bin"]


def test_what_a_person_asks_for_arrives(store, run_id, monkeypatch):
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.02)
    with StoreReporter(store, run_id) as reporter:
        assert reporter.request() is None
        store.request(run_id, "stop")
        started = time.monotonic()
        while reporter.request() is None:
            assert time.monotonic() - started < 5
            time.sleep(0.01)
        assert reporter.request() == "stop"


def test_a_resumed_run_knows_its_step(store, run_id):
    store.beat(run_id, 7, 9)
    assert StoreReporter(store, run_id).last_step == 7


def test_a_resumed_run_keeps_its_total_before_it_says_it_anew(store):
    run_id = store.submit(RunSpec())
    store.beat(run_id, 5, 20)
    with StoreReporter(store, run_id):
        pass
    assert (store.get(run_id).step, store.get(run_id).total_steps) == (5, 20)


def test_what_a_killed_writer_left_is_removed(store, run_id):
    """safetensors writes to .tmpABCDEF, the engine to .NAME.tmp; what a person put there stays."""
    folder = store.folder(run_id)
    for name in (".tmpBypUET", ".checkpoint.safetensors.tmp", ".notes", "model.tmp"):
        (folder / name).write_text("half")
    with StoreReporter(store, run_id):
        assert sorted(path.name for path in folder.iterdir() if path.read_text() == "half") == [
            ".notes",
            "model.tmp",
        ]
