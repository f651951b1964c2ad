"""rft_core.cli: what scripts rely on.

One JSON document, exit code 0 only on success, one clear line for a mistake.
"""

import json
import subprocess
import sys

import pytest

from rft_core import cli
from rft_core.files.home import Home
from rft_core.spec.arguments import split_setting
from rft_core.spec.run_spec import RunSpec, parse, with_settings
from tests.architecture.source import CHECKOUT

FAKE = "tests.unit.worker.fake_engine"
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


@pytest.fixture
def fake(monkeypatch):
    """Runs are executed by a stand-in for the engine."""
    monkeypatch.setattr(cli, "EXECUTE", f"{FAKE}:finish")
    monkeypatch.setattr(cli, "ENGINE", cli.Engine(f"{FAKE}:finish"))
    monkeypatch.setattr("rft_core.worker.submit.ensure_worker", lambda home: True)


class TestSchedule:
    PAPER = (
        "--kind",
        "two_hinge",
        "--epsilon",
        "4/255",
        "--epochs",
        "50",
        "--ramp-start",
        ".24",
        "--ramp-end",
        ".74",
        "--set",
        'schedule.granularity="epoch"',
    )

    def test_the_papers_schedule(self, answer):
        document = answer("schedule", *self.PAPER)
        assert set(document) == {"epsilon", "factor"}
        epsilon = document["epsilon"]
        assert len(epsilon) == len(document["factor"]) == 50
        assert epsilon[:13] == [0.0] * 13
        assert epsilon[37:] == [4 / 255] * 13
        assert epsilon[12:38] == pytest.approx(
            [place / 25 * 4 / 255 for place in range(26)], abs=1e-12
        )

    def test_defaults(self, answer):
        document = answer("schedule")
        assert len(document["factor"]) == 50
        assert document["epsilon"][-1] == 8 / 255

    def test_for_people(self, call):
        code, output, _ = call("schedule", "--epochs", "3", "--kind", "constant")
        assert code == 0
        assert output.count("8.00/255") == 3


MISTAKES = [
    (("run", "--preset", "schedule"), "unknown preset 'schedule', did you mean 'scheduled'?"),
    (
        ("submit", "--set", "optim.epoch=3"),
        "unknown setting 'optim.epoch', did you mean 'optim.epochs'?",
    ),
    (("run", "--set", "seed=" + "[" * 100_000), "seed must be a valid integer"),
    (("run", "--set", "optim.epochs"), "--set optim.epochs has no value; write --set name=value"),
    (
        ("run", "--set", "strategy.kind=linear_prob"),
        "unknown strategy 'linear_prob', did you mean 'linear_probe'?",
    ),
    (("run", "--set", "data.dataset=digit"), "unknown dataset 'digit', did you mean 'digits'?"),
    (("list", "schedule"), "unknown menu 'schedule', did you mean 'schedules'?"),
    (("list", "preset"), "unknown menu 'preset', did you mean 'presets'?"),
    (
        ("schedule", "--epsilon", "8"),
        "threat.epsilon must be in [0, 1] for norm 'linf', got 8.0; did you mean 8/255?",
    ),
    (("schedule", "--epsilon", "nan"), "threat.epsilon must be a finite number of at least 0"),
    (("schedule", "--epsilon=-1/255"), "threat.epsilon must be a finite number of at least 0"),
    (("schedule", "--epsilon", ""), "threat.epsilon must be a number such as 8/255"),
    (
        ("schedule", "--set", "threat.epsilon=NaN"),
        "threat.epsilon must be a finite number of at least 0",
    ),
    (("schedule", "--set", f"threat.epsilon={'9' * 400}"), "threat.epsilon must be"),
    (("schedule", "--epochs", "0"), "optim.epochs must be greater than or equal to 1, got 0"),
    (("schedule", "--ramp-start", ".9"), "schedule.ramp_end must be at least ramp_start"),
    (("schedule", "--kind", "two_hing"), "unknown schedule 'two_hing', did you mean 'two_hinge'?"),
    (
        ("run", "--set", "optim.learning_rate=-1"),
        "optim.learning_rate must be greater than 0, got -1",
    ),
    (("run", "--spec", "gone.json"), "there is no spec file 'gone.json'"),
    (
        ("run", "--preset", "fixed", "--spec", "x.json"),
        "--preset and --spec are two starting points",
    ),
    (("show", "nope"), "there is no run 'nope'"),
    (("stop", "nope"), "there is no run 'nope'"),
    (("pause", "nope"), "there is no run 'nope'"),
    (("resume", "nope"), "there is no run 'nope'"),
    (("delete", "nope"), "there is no run 'nope'"),
    (("compare", "nope"), "there is no run 'nope'"),
    (
        ("pretrain", "bloom_resnt"),
        "unknown embedded backbone 'bloom_resnt', did you mean 'bloom_resnet'?",
    ),
]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("arguments", "message"), MISTAKES, ids=[" ".join(arguments)[:50] for arguments, _ in MISTAKES]
)
def test_a_mistake_is_one_clear_line_and_exit_code_2(call, arguments, message, as_json):
    code, output, error = call(*arguments, *(["--json"] if as_json else []))
    assert code == 2
    assert output == ""
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("run", "--nonsense"), ("schedule", "--epochs", "many"), ("show",)]
)
def test_a_mistake_of_usage_is_exit_code_2(call, arguments):
    code, output, error = call(*arguments)
    assert (code, output) == (2, "")
    assert error


class TestSpecFile:
    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"\xff\xfe\x00bad", b'{"optim": {"epoch": 3}}', b"[" * 100_000],
    )
    def test_one_that_cannot_be_used(self, call, tmp_path, content):
        path = tmp_path / "spec.json"
        path.write_bytes(content)
        code, _, error = call("submit", "--spec", str(path))
        assert code == 2
        assert error.startswith("error: ")

    def test_one_that_can(self, fake, answer, store, tmp_path):
        spec = with_settings(RunSpec(), {"optim.epochs": 7})
        (tmp_path / "spec.json").write_text(spec.to_json())
        run_id = answer("submit", "--spec", str(tmp_path / "spec.json"), "--set", "seed=3")[
            "run_id"
        ]
        assert store.get(run_id).spec == with_settings(spec, {"seed": 3})

    def test_what_show_prints_can_be_given_back(self, fake, call, answer, store, tmp_path):
        """The message about a missing file says: write one with `show ID --json`."""
        run_id = answer("submit", "--preset", "fixed")["run_id"]
        _, output, _ = call("show", run_id, "--json")
        (tmp_path / "spec.json").write_text(output)
        again = answer("submit", "--spec", str(tmp_path / "spec.json"))["run_id"]
        assert store.get(again).spec == store.get(run_id).spec


@pytest.mark.parametrize(
    "kind", ["schedules", "strategies", "objectives", "attacks", "datasets", "backbones", "presets"]
)
def test_list(answer, call, kind):
    rows = answer("list", kind)
    assert rows
    assert all(
        list(row) == ["name", "label", "help", "source"] and all(row.values()) for row in rows
    )
    code, output, _ = call("list", kind)
    assert code == 0
    assert rows[0]["name"] in output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", ("a", 1)),
        ("a=1.5", ("a", 1.5)),
        ("a=true", ("a", True)),
        ("a=null", ("a", None)),
        ("a=", ("a", None)),
        ("a=x=y", ("a", "x=y")),
        ("a=8/255", ("a", "8/255")),
        ('a=[0, "4/255"]', ("a", [0, "4/255"])),
        (" a = b ", ("a", "b")),
    ],
)
def test_set(text, expected):
    assert split_setting(text) == expected


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
        monkeypatch.setattr(cli, "EXECUTE", f"{FAKE}:diverge")
        code, output, error = call("run", "--set", "runtime.device=cpu", "--json")
        (record,) = store.records()
        assert code != 0
        assert output == ""
        assert f"error: run {record.run_id} failed: the loss is not a finite number" in error
        assert record.status == "failed"

    def test_a_paused_run_is_no_success(self, fake, call, monkeypatch):
        monkeypatch.setattr(cli, "EXECUTE", f"{FAKE}:pause")
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
    monkeypatch.setattr(cli, "run_worker", lambda home, *_, **__: served.append(home) or 0)
    (tmp_path / "other").mkdir()
    assert call("worker", "--once", "--home", str(tmp_path / "other"))[0] == 0
    assert served[0].store_url == f"sqlite:///{tmp_path / 'other' / 'rft.db'}"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("schedule", "--epochs", "2", "--json"), 0),
        (("schedule", "--epsilon", "8"), 2),
        ((), 2),
        (("--help",), 0),
    ],
)
def test_as_a_process(home, arguments, code):
    result = subprocess.run(
        [sys.executable, "-m", "rft_core", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    if "--json" in arguments:
        json.loads(result.stdout)


def test_bench_keeps_its_contract(answer, call, monkeypatch):
    row = {
        "model": "m",
        "image_size": 32,
        "batch": 8,
        "ours_images_per_second": 3.0,
        "torchattacks_images_per_second": 2.0,
        "ratio": 1.5,
        "ratio_quartiles": [1.4, 1.6],
    }
    curve = {
        "model": "m",
        "ours_seconds": 1.0,
        "naive_seconds": 5.0,
        "speedup": 5.0,
        "gradient_evaluations_ratio": 6.0,
        "largest_accuracy_excess": 0.0,
    }
    machine = {
        "device_name": "CPU",
        "threads": 1,
        "precision": "float32",
        "torch": "2",
        "matmul_operations_per_second": 1e10,
    }
    measured = {
        "machine": machine,
        "training": [row],
        "curve": [curve],
        "limit": [{"model": "m", "share": 0.25}],
    }
    monkeypatch.setattr("rft_core.bench.measure.measure", lambda *_: dict(measured))
    monkeypatch.setattr(
        "rft_core.bench.latency.measure_latency", lambda: {"cold_seconds": 6.0, "warm_seconds": 0.5}
    )
    assert answer("bench") == measured | {"latency": {"cold_seconds": 6.0, "warm_seconds": 0.5}}
    code, output, error = call("bench")
    assert code == 0
    said = " ".join(output.split())
    assert all(part in said for part in ("1.50", "10 GFLOP", "0.50 s with a worker waiting"))
