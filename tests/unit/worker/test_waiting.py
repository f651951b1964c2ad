"""rft_core.worker.child: a run waits while an evaluation has its device, says so, and
can be ended meanwhile.
"""

import signal
import threading
import time

import pytest

from rft_core.spec.run_spec import RunSpec
from rft_core.store.device_lock import device_turn, holder
from rft_core.store.events import read_events
from rft_core.worker.child import work_on

FINISH = "tests.unit.worker.fake_engine:finish"


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


def until(true, seconds=10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def evaluating(store, then) -> threading.Thread:
    """Hold the CPU as an evaluation does while `then` runs."""
    inside = threading.Event()

    def hold():
        with device_turn(store.home, "cpu", "an evaluation of run rose"):
            inside.set()
            then()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(5)
    return thread


def test_it_waits_says_so_and_goes_on(store, run_id):
    seen = []

    def watch():
        until(lambda: store.get(run_id).reason != "")
        seen.extend(
            [
                store.get(run_id).status,
                store.get(run_id).reason,
                len(read_events(store.engine, run_id)),
            ]
        )

    thread = evaluating(store, watch)
    work_on(store, run_id, FINISH)
    thread.join()
    assert seen == ["running", "waiting: an evaluation of run rose is using the CPU", 0]
    assert (store.get(run_id).status, store.get(run_id).reason) == ("finished", "")
    assert holder(store.home, "cpu") == ""


@pytest.mark.parametrize(("wish", "status"), [("pause", "paused"), ("stop", "stopped")])
def test_it_can_be_ended_while_it_waits(store, run_id, wish, status):
    ended = threading.Event()
    thread = evaluating(store, lambda: ended.wait(10))
    asking = threading.Timer(0.3, store.request, (run_id, wish))
    asking.start()
    work_on(store, run_id, FINISH)
    ended.set()
    thread.join()
    record = store.get(run_id)
    assert (record.status, record.report) == (status, None)


def test_an_evaluation_waits_for_a_run(store, run_id):
    """The other order: the run has the device while it works, and not longer."""
    lines = []

    def evaluate():
        until(lambda: holder(store.home, "cpu") != "")
        with device_turn(store.home, "cpu", "an evaluation", waiting=lines.append):
            pass

    thread = threading.Thread(target=evaluate)
    thread.start()
    asking = threading.Timer(0.8, store.request, (run_id, "pause"))
    asking.start()
    work_on(store, run_id, "tests.unit.worker.fake_engine:wait_for_request")
    thread.join()
    assert lines == [f"waiting: run {run_id} is using the CPU", ""]
    assert store.get(run_id).status == "paused"
