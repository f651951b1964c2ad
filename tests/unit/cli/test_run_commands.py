"""rft_core.cli: commands that start runs and those on stored ones; what scripts rely on."""

import json
import subprocess
import sys

from rft_core.cli import engine
from rft_core.cli.commands import running
from rft_core.files.home import Home
from rft_core.spec.run_spec import RunSpec, parse
from tests.architecture.source import CHECKOUT
from tests.unit.cli.conftest import FAKE

REPORT = {
    "run_id",
    "status",
    "seconds",
    "images_per_second",
    "clean_accuracy",
    "robust_accuracy",
    "expected_robustness",
    "onset",
    "curve",
    "trainable_parameters",
    "total_parameters",
}


SHOW = {
    "run_id",
    "name",
    "status",
    "reason",
    "step",
    "total_steps",
    "pid",
    "heartbeat_age",
    "report",
}


class TestARun:
    def test_run_ends_with_its_report(self, fake, answer, store):
        document = answer("run", "--set", "runtime.device=cpu")
        assert set(document) >= REPORT
        assert document["status"] == "finished"
        assert all(
            list(point) == ["epsilon", "epsilon_255", "accuracy", "n", "low", "high"]
            for point in document["curve"]
        )
        assert store.get(document["run_id"]).status == "finished"

    def test_run_for_people(self, fake, call):
        code, output, _ = call("run", "--set", "runtime.device=cpu", "--set", "name=mine")
        assert code == 0
        assert "mine" in output
        assert "80.0 %" in output

    def test_a_run_that_fails_is_one_line(self, fake, call, monkeypatch, store):
        monkeypatch.setattr(engine, "EXECUTE", f"{FAKE}:diverge")
        code, output, error = call("run", "--set", "runtime.device=cpu", "--json")
        (record,) = store.records()
        assert code != 0
        assert output == ""
        assert f"error: run {record.run_id} failed: the loss is not a finite number" in error
        assert record.status == "failed"

    def test_a_paused_run_is_no_success(self, fake, call, monkeypatch):
        monkeypatch.setattr(engine, "EXECUTE", f"{FAKE}:pause")
        code, output, _ = call("run", "--set", "runtime.device=cpu", "--json")
        assert code == 1
        assert json.loads(output)["status"] == "paused"

    def test_a_device_that_is_not_here_is_a_mistake_and_no_endless_wait(self, home):
        """In a process of its own, so that an endless wait ends."""
        command = [
            sys.executable,
            "-m",
            "rft_core",
            "run",
            "--set",
            "runtime.device=cuda:77",
            "--json",
        ]
        result = subprocess.run(
            command, cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=False
        )
        assert result.returncode == 2
        assert "runtime.device" in result.stderr

    def test_submit_answers_with_the_id_alone(self, fake, answer, store):
        document = answer("submit", "--preset", "digits_quick")
        assert list(document) == ["run_id"]
        assert store.get(document["run_id"]).status == "queued"

    def test_show(self, fake, answer):
        run_id = answer("submit")["run_id"]
        before = answer("show", run_id)
        assert set(before) >= SHOW
        assert (before["status"], before["report"]) == ("queued", None)
        assert parse(before["spec"]) == RunSpec()
        assert answer("worker", "--once") == {"runs": 1}
        after = answer("show", run_id[:-1])
        assert after["status"] == "finished"
        assert set(after["report"]) >= REPORT

    def test_runs_newest_first(self, fake, answer, call):
        ids = [answer("submit")["run_id"] for _ in range(3)]
        assert [row["run_id"] for row in answer("runs")] == ids[::-1]
        assert [row["run_id"] for row in answer("runs", "--limit", "1")] == ids[-1:]
        assert call("runs")[0] == 0

    def test_stop_resume_pause_delete(self, fake, answer, call):
        run_id = answer("submit")["run_id"]
        for command, status in (
            ("stop", "stopped"),
            ("resume", "queued"),
            ("pause", "paused"),
            ("resume", "queued"),
        ):
            document = answer(command, run_id)
            assert list(document) == ["run_id", "status", "reason"]
            assert (document["run_id"], document["status"]) == (run_id, status)
        assert answer("delete", run_id) == {"run_id": run_id, "deleted": True}
        assert call("show", run_id)[0] == 2

    def test_what_a_status_does_not_allow(self, fake, answer, call):
        run_id = answer("run", "--set", "runtime.device=cpu")["run_id"]
        for command in ("stop", "pause", "resume"):
            code, _, error = call(command, run_id)
            assert code == 2
            assert "is finished; only a" in error

    def test_compare(self, fake, answer, call):
        ids = [
            answer("run", "--set", "runtime.device=cpu", "--set", f"schedule.kind={kind}")["run_id"]
            for kind in ("constant", "linear")
        ]
        document = answer("compare", *ids)
        assert [row["run_id"] for row in document["runs"]] == ids
        assert document["settings_that_differ"] == {"schedule.kind": ["constant", "linear"]}
        assert call("compare", *ids)[0] == 0


def test_a_worker_for_another_home_uses_that_homes_store(call, tmp_path, monkeypatch):
    served: list[Home] = []
    monkeypatch.setattr(running, "run_worker", lambda home, *_, **__: served.append(home) or 0)
    (tmp_path / "other").mkdir()
    assert call("worker", "--once", "--home", str(tmp_path / "other"))[0] == 0
    assert served[0].store_url == f"sqlite:///{tmp_path / 'other' / 'rft.db'}"
