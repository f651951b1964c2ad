"""A viewer's run that has spent its minutes is stopped by the worker, and
says which limit it was.
"""

import pytest
from sqlalchemy import update

from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store.launches import Launch, read_launch, write_launch
from rft_core.store.schema import runs
from rft_core.worker import loop
from rft_core.worker.child import work_on
from rft_core.worker.loop import run_worker
from rft_core.worker.overdue import spent_reason, stop_overdue
from tests import tiny
from tests.unit.worker.test_loop import engine


@pytest.fixture
def limited(store):
    """A queued run of a viewer that may take a second."""
    run_id = store.submit(with_settings(RunSpec(), {"runtime.device": "cpu"}))
    write_launch(store.folder(run_id), Launch("ann", 1 / 60))
    return run_id


def begin(store, run_id: str, seconds_ago: float) -> None:
    store.claim(("cpu",), run_id)
    with store.engine.begin() as connection:
        connection.execute(
            update(runs).where(runs.c.run_id == run_id).values(started=runs.c.started - seconds_ago)
        )


def test_a_worker_stops_it_and_the_reason_names_the_limit(home, store, limited, monkeypatch):
    monkeypatch.setattr(loop, "RECONCILE_SECONDS", 0.1)
    assert run_worker(home, engine("wait_for_request"), ("cpu",), once=True) == 1
    record = store.get(limited)
    assert record.status == "stopped"
    assert "by the limit of 1.0 s a run (--limit-minutes)" in record.reason
    assert "ask the instructor to resume it" in record.reason


def test_its_checkpoint_is_kept_and_it_can_be_resumed_without_a_limit(store):
    run_id = store.submit(tiny.run_spec())
    write_launch(store.folder(run_id), Launch("ann", 1.0))
    begin(store, run_id, 61)
    assert stop_overdue(store) == [run_id]
    work_on(store, run_id, "rft_core.engine.execution:execute")
    record = store.get(run_id)
    assert record.status == "stopped"
    assert "--limit-minutes" in record.reason
    assert (store.folder(run_id) / "checkpoint.safetensors").is_file()
    store.resume(run_id)
    store.claim(("cpu",), run_id)
    assert stop_overdue(store) == []
    work_on(store, run_id, "rft_core.engine.execution:execute")
    assert store.get(run_id).status == "finished"


@pytest.mark.parametrize(("seconds", "overdue"), [(0, False), (0.5, False), (1.5, True)])
def test_when(store, limited, seconds, overdue):
    begin(store, limited, seconds)
    assert bool(stop_overdue(store)) == overdue
    assert (store.get(limited).status == "stopping") == overdue
    assert bool(spent_reason(store, limited)) == overdue


def test_it_is_asked_once(store, limited):
    begin(store, limited, 5)
    assert stop_overdue(store) == [limited]
    assert stop_overdue(store) == []
    assert read_launch(store.folder(limited)).is_spent


@pytest.mark.parametrize("launch", [None, Launch("ann")])
def test_a_run_without_a_limit_goes_on(store, launch):
    run_id = store.submit(RunSpec())
    if launch:
        write_launch(store.folder(run_id), launch)
    begin(store, run_id, 10**6)
    assert stop_overdue(store) == []
    assert spent_reason(store, run_id) == ""


def test_a_spent_launch_without_a_limit_names_none(store, limited):
    """A damaged file may say both; the run must still end with its status."""
    write_launch(store.folder(limited), Launch("ann", None, is_spent=True))
    assert spent_reason(store, limited) == ""
