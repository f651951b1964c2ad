"""rft_core.worker.loop: a real worker with real processes, and a stand-in for the engine."""

import logging
import os
import threading
import time
from types import SimpleNamespace

import pytest

from rft_core.errors import StoreError
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.worker import loop
from rft_core.worker.loop import Engine, run_worker, worker_lock
from rft_core.worker.submit import submit, worker_is_running

FAKE = "tests.unit.worker.fake_engine"


def engine(function: str) -> Engine:
    return Engine(f"{FAKE}:{function}")


def test_an_empty_queue(home):
    assert run_worker(home, engine("finish"), ("cpu",), once=True) == 0
    assert not worker_is_running(home)


def test_every_queued_run_gets_a_process_of_its_own(home, store):
    ids = [submit(store, RunSpec(), start_worker=False) for _ in range(2)]
    assert run_worker(home, engine("finish"), ("cpu",), once=True) == 2
    records = [store.get(run_id) for run_id in ids]
    assert [record.status for record in records] == ["finished", "finished"]
    workers = {record.report["machine"]["pid"] for record in records}
    assert len(workers) == 2
    assert os.getpid() not in workers
    assert [record.pid for record in records] == [
        record.report["machine"]["pid"] for record in records
    ]
    # the child writes to a log of its own
    assert all((home.run_folder(run_id) / "run.log").is_file() for run_id in ids)


def test_one_failure_does_not_stop_the_queue(home, store):
    ids = [submit(store, RunSpec(), start_worker=False) for _ in range(2)]
    assert run_worker(home, engine("crash"), ("cpu",), once=True) == 2
    for run_id in ids:
        assert store.get(run_id).status == "failed"
        assert "ZeroDivisionError" in (home.run_folder(run_id) / "run.log").read_text()


def test_a_process_that_vanishes_leaves_a_lost_run(home, store):
    run_id = submit(store, RunSpec(), start_worker=False)
    run_worker(home, engine("vanish"), ("cpu",), once=True)
    record = store.get(run_id)
    assert record.status == "lost"
    assert "exit code 3" in record.reason
    assert "resume" in record.reason
    store.resume(run_id)
    run_worker(home, engine("finish"), ("cpu",), once=True)
    assert store.get(run_id).status == "finished"


def test_a_killed_process_is_named_by_its_signal(home, store, caplog):
    run_id = submit(store, RunSpec(), start_worker=False)
    worker = threading.Thread(
        target=run_worker, args=(home, engine("wait_for_request"), ("cpu",)), kwargs={"once": True}
    )
    with caplog.at_level(logging.INFO):
        worker.start()
        while not (store.get(run_id).total_steps and store.get(run_id).pid != os.getpid()):
            time.sleep(0.02)
        os.kill(store.get(run_id).pid, 9)
        worker.join(timeout=20)
    assert store.get(run_id).status == "lost"
    assert "killed by signal 9" in store.get(run_id).reason


def test_one_worker_a_home(home):
    with worker_lock(home).acquire(timeout=0):
        assert worker_is_running(home)
        with pytest.raises(StoreError, match="a worker already serves"):
            run_worker(home, engine("finish"), ("cpu",), once=True)
    assert not worker_is_running(home)


def test_a_run_for_a_device_that_is_not_here_waits_and_does_not_hold_up_others(home, store):
    waits = store.submit(with_settings(RunSpec(), {"runtime.device": "cuda:7"}))
    runs = submit(store, RunSpec(), start_worker=False)
    assert run_worker(home, engine("finish"), ("cpu",), once=True) == 1
    assert (store.get(waits).status, store.get(runs).status) == ("queued", "finished")


def test_a_run_that_was_deleted_as_soon_as_it_ended_does_not_end_the_worker(home, store):
    run_id = store.submit(RunSpec())
    worker = loop._Worker(home, engine("finish"), ("cpu",))
    worker.children = {run_id: SimpleNamespace(is_alive=lambda: False, exitcode=0)}
    store.discard(run_id)
    assert worker._collect() == 1
    assert worker.children == {}
