"""rft_core.cli: a mistake is one clear line and exit code 2."""

import json
import subprocess
import sys

import pytest

from rft_core.spec.run_spec import RunSpec, with_settings
from tests.architecture.source import CHECKOUT

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
