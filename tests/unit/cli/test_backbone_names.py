"""Names of backbones on the command line: earlier ones are followed, wrong ones
are refused at once.
"""

import json
import sys

import pytest

from rft_core import cli
from rft_core.cli import engine

FAKE = "tests.unit.worker.fake_engine"


@pytest.fixture
def call(home, monkeypatch, capsys):
    """Call the command line, runs being executed by a stand-in; return (exit
    code, stdout, stderr).
    """
    monkeypatch.setattr(engine, "EXECUTE", f"{FAKE}:finish")
    monkeypatch.setattr("rft_core.worker.submit.ensure_worker", lambda home: True)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rft_core", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


@pytest.mark.parametrize("command", ["submit", "run"])
def test_an_earlier_name_of_a_backbone_is_followed_and_said(call, command):
    name = "vit_base_patch16_224_in21k"
    code, output, error = call(command, "--set", f"model.backbone={name}", "--json")
    assert code == 0, error
    json.loads(output)
    assert (
        f"the backbone '{name}' is called 'vit_base_patch16_224.augreg_in21k' in timm now" in error
    )


@pytest.mark.parametrize("command", ["submit", "run"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "vit_base_patch16_225",
            "unknown backbone 'vit_base_patch16_225', did you mean 'vit_base_patch16_224'?",
        ),
        ("qwen3_vit_88m_enc", "model.backbone cannot be fine-tuned: it has no classification head"),
    ],
)
def test_a_backbone_that_cannot_be_had_is_one_short_line(call, store, command, name, message):
    code, output, error = call(command, "--set", f"model.backbone={name}")
    assert (code, output) == (2, "")
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert len(error) < 700
    assert not store.records()
