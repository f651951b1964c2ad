"""rft_core.worker.loop: a run that hangs is ended when a person asks, also one that an
earlier worker started.
"""

import threading
import time

import psutil
import pytest

from rft_core.spec.run_spec import RunSpec
from rft_core.store.process import is_alive
from rft_core.worker import loop

ENGINE = loop.Engine("tests.unit.worker.fake_engine:hang")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(loop, "DEAF_SECONDS", 0.3)
    monkeypatch.setattr(loop, "RECONCILE_SECONDS", 0.1)
    monkeypatch.setattr(loop, "IDLE_SECONDS", 3.0)


def until(true, seconds=20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def hanging(store, worker: loop._Worker) -> str:
    """A run of `worker` that has begun and hangs."""
    run_id = store.submit(RunSpec())
    worker._start(store.claim(("cpu",)))
    until(lambda: store.get(run_id).step == 4)
    return run_id


@pytest.mark.parametrize(("wish", "status"), [("stop", "stopped"), ("pause", "paused")])
@pytest.mark.parametrize("is_its_own", [True, False])
def test_it_is_ended_as_was_asked(home, store, wish, status, is_its_own):
    first = loop._Worker(home, ENGINE, ("cpu",))
    run_id = hanging(store, first)
    pid, start = store.get(run_id).pid, store.get(run_id).pid_start
    store.request(run_id, wish)
    worker = first if is_its_own else loop._Worker(home, ENGINE, ("cpu",))
    thread = threading.Thread(target=worker.work, args=(False,), daemon=True)
    thread.start()
    until(lambda: not store.get(run_id).is_active)
    thread.join(20)
    record = store.get(run_id)
    assert (record.status, record.reason) == (
        status,
        (
            f"{status} by request, but it hung at step 4 and its process was killed; resume it to"
            " go on from its last checkpoint"
        ),
    )
    assert not is_alive(pid, start)


def test_a_process_that_has_the_number_by_now_is_left_alone(home, store):
    foreign = psutil.Popen(["sleep", "60"])
    run_id = store.submit(RunSpec())
    store.claim(("cpu",))
    store._set(
        run_id,
        status="stopping",
        request="stop",
        pid=foreign.pid,
        pid_start=foreign.create_time() - 1000,
    )
    loop._Worker(home, ENGINE, ("cpu",))._end_deaf(store.get(run_id))
    assert foreign.poll() is None
    foreign.kill()
    foreign.wait()
