"""rft_core.store.run_store: what a person asks of a run, deleting it, and holding its claim
against its process.
"""

import subprocess
import sys
import time

import pytest
from sqlalchemy import update

from rft_core.errors import StoreError
from rft_core.spec.run_spec import RunSpec
from rft_core.store import process
from rft_core.store.artifacts import list_artifacts, register_artifact
from rft_core.store.events import Event, append_events, read_events
from rft_core.store.schema import runs
from tests.unit.store.test_run_store import CPU, make


def dead_process() -> tuple[int, float]:
    """(PID, start time) of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    pid = child.pid
    child.wait()
    return pid, 1.0


class TestRequest:
    @pytest.mark.parametrize(("wish", "status"), [("stop", "stopped"), ("pause", "paused")])
    def test_a_queued_run_obeys_at_once(self, store, wish, status):
        run_id = store.submit(RunSpec())
        record = store.request(run_id, wish)
        assert (record.status, record.reason) == (
            status,
            f"{status} by request before it was running",
        )
        assert store.claim(CPU) is None

    @pytest.mark.parametrize("wish", ["stop", "pause"])
    def test_a_running_run_hears_of_it_at_its_next_beat(self, store, wish):
        run_id = store.submit(RunSpec())
        store.claim(CPU)
        assert store.beat(run_id, 1, 10) == ""
        record = store.request(run_id, wish)
        assert (record.status, record.request, record.is_active) == ("stopping", wish, True)
        assert store.beat(run_id, 2, 10) == wish

    def test_a_pause_may_become_a_stop(self, store):
        run_id = store.submit(RunSpec())
        store.claim(CPU)
        store.request(run_id, "pause")
        assert store.request(run_id, "stop").request == "stop"

    @pytest.mark.parametrize("status", ["finished", "failed", "stopped"])
    @pytest.mark.parametrize("wish", ["stop", "pause"])
    def test_an_ended_run_cannot_be_asked(self, store, status, wish):
        run_id = make(store, status)
        with pytest.raises(
            StoreError, match=f"is {status}; only a queued or running run can be asked to {wish}"
        ):
            store.request(run_id, wish)
        assert store.get(run_id).status == status

    @pytest.mark.parametrize("status", ["paused", "lost"])
    def test_a_paused_or_lost_run_can_be_stopped(self, store, status):
        assert store.request(make(store, status), "stop").status == "stopped"

    def test_by_a_beginning_of_the_id(self, store):
        run_id = store.submit(RunSpec())
        assert store.request(run_id[:-1], "stop").run_id == run_id


class TestResume:
    @pytest.mark.parametrize("status", ["paused", "stopped", "lost", "failed"])
    def test_what_can_be_resumed(self, store, status):
        run_id = make(store, status, reason="because", request="stop")
        record = store.resume(run_id)
        assert (record.status, record.reason, record.request) == ("queued", "", "")
        assert store.claim(CPU).run_id == run_id

    @pytest.mark.parametrize("status", ["queued", "running", "stopping", "finished"])
    def test_what_cannot(self, store, status):
        run_id = make(store, status)
        with pytest.raises(StoreError, match=f"is {status}; only a"):
            store.resume(run_id)
        assert store.get(run_id).status == status


class TestDelete:
    @pytest.mark.parametrize(
        "status", ["queued", "paused", "stopped", "lost", "failed", "finished"]
    )
    def test_a_run_goes_with_events_and_files(self, store, status):
        run_id, other = make(store, status), make(store, status)
        for each_id in (run_id, other):
            folder = store.folder(each_id)
            (folder / "examples").mkdir()
            (folder / "examples" / "a.npz").write_bytes(b"x")
            register_artifact(
                store.engine, each_id, folder, folder / "examples" / "a.npz", "examples"
            )
            append_events(store.engine, each_id, [Event(1, 0, 0.0, 0.0, "log", {})])
        store.delete(run_id)
        assert not store.home.run_folder(run_id).exists()
        assert read_events(store.engine, run_id) == []
        assert list_artifacts(store.engine, run_id) == []
        assert [record.run_id for record in store.records()] == [other]
        assert (
            len(read_events(store.engine, other)) == len(list_artifacts(store.engine, other)) == 1
        )
        assert store.home.run_folder(other).exists()

    @pytest.mark.parametrize("status", ["running", "stopping"])
    def test_an_active_run_stays(self, store, status):
        run_id = make(store, status)
        with pytest.raises(StoreError, match="stop it before deleting it"):
            store.delete(run_id)
        assert store.get(run_id).status == status

    def test_a_link_is_removed_and_not_followed(self, store, tmp_path):
        (tmp_path / "precious").mkdir()
        (tmp_path / "precious" / "file").write_text("keep me")
        run_id = make(store, "finished")
        (store.folder(run_id) / "link").symlink_to(tmp_path / "precious")
        store.delete(run_id)
        assert (tmp_path / "precious" / "file").read_text() == "keep me"
        assert not store.home.run_folder(run_id).exists()


class TestReconcile:
    def test_a_run_whose_process_is_gone_is_lost(self, store):
        pid, start = dead_process()
        run_id = make(
            store,
            "running",
            host=process.this_host(),
            pid=pid,
            pid_start=start,
            heartbeat=0.0,
            step=7,
        )
        assert store.reconcile() == [run_id]
        record = store.get(run_id)
        assert record.status == "lost"
        assert str(pid) in record.reason
        assert "step 7" in record.reason
        assert "resume" in record.reason
        assert store.reconcile() == []

    def test_a_run_is_left_to_the_one_who_started_it(self, store):
        """The worker knows the signal that ended its child; whoever else looks first knows
        only that it is gone.
        """
        pid, start = dead_process()
        run_id = make(
            store, "running", host=process.this_host(), pid=pid, pid_start=start, heartbeat=0.0
        )
        assert store.reconcile(spared=[run_id]) == []
        assert store.get(run_id).status == "running"
        assert store.reconcile(spared=["another"]) == [run_id]

    def test_a_run_whose_process_lives_stays(self, store):
        store.submit(RunSpec())
        run_id = store.claim(CPU).run_id
        assert store.reconcile() == []
        assert store.get(run_id).status == "running"

    def test_the_same_pid_with_another_start_is_another_process(self, store):
        pid, start = process.this_process()
        run_id = make(
            store,
            "running",
            host=process.this_host(),
            pid=pid,
            pid_start=start - 1000,
            heartbeat=0.0,
        )
        assert store.reconcile() == [run_id]

    @pytest.mark.parametrize(("silence", "lost"), [(10, False), (10_000, True)])
    def test_a_run_of_another_host_is_judged_by_its_heartbeat(self, store, silence, lost):
        run_id = make(
            store,
            "running",
            host="elsewhere",
            pid=1,
            pid_start=1.0,
            heartbeat=time.time() - silence,
        )
        assert store.reconcile() == ([run_id] if lost else [])

    def test_a_stopping_run_is_held_to_the_same(self, store):
        pid, start = dead_process()
        run_id = make(
            store, "stopping", host=process.this_host(), pid=pid, pid_start=start, request="stop"
        )
        assert store.reconcile() == [run_id]
        assert store.get(run_id).request == ""

    def test_a_reserved_run_whose_command_is_gone_is_stopped(self, store):
        run_id = store.submit(RunSpec(), reserved=True)
        store.reconcile()
        assert store.get(run_id).status == "queued"
        pid, start = dead_process()
        with store.engine.begin() as connection:
            connection.execute(update(runs).values(pid=pid, pid_start=start))
        store.reconcile()
        record = store.get(run_id)
        assert record.status == "stopped"
        assert "resume" in record.reason
        store.resume(run_id)
        assert store.claim(CPU).run_id == run_id


def test_the_device_that_was_claimed_is_free_after_a_loss(store):
    pid, start = dead_process()
    make(store, "running", host=process.this_host(), pid=pid, pid_start=start, device="cpu")
    waiting = store.submit(RunSpec())
    assert store.claim(CPU) is None
    store.reconcile()
    assert store.claim(CPU).run_id == waiting
