"""A tiny run that was stored once: a change that should not alter results must
show the same losses.

After a change that should alter them: python -m tests.golden.test_stored_run
writes the file again.
"""

import json
import tempfile
from pathlib import Path

import pytest
import torch

from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from tests import tiny

STORED = Path(__file__).with_name("stored_run.json")
# l2: a direction is a smooth function of the gradient, so that another CPU's rounding stays
# rounding; the sign is not
SETTINGS = {
    "threat__norm": "l2",
    "threat__epsilon": 0.4,
    "evaluation__epsilons": [0, 0.2, 0.4],
    "schedule__ramp_start": 0.2,
    "evaluation__examples": 0,
}
KEPT = ("total_parameters", "trainable_parameters", "images_digest")


def measure(folder: Path) -> dict:
    """Return the losses and budgets of every step and the numbers of the report."""
    torch.set_num_threads(1)
    reporter = FolderReporter(folder)
    finished = execute(tiny.run_spec(**SETTINGS), reporter)
    assert finished
    report = finished.as_dict()
    steps = [event for event in reporter.events if event["kind"] == "train"]
    return {
        "losses": [event["loss"] for event in steps],
        "epsilons": [event["epsilon"] for event in steps],
        "learning_rates": [event["learning_rate"] for event in steps],
        "accuracies": [point["accuracy"] for point in report["curve"]],
    } | {name: report[name] for name in KEPT}


def test_the_stored_run(tmp_path):
    stored, measured = json.loads(STORED.read_text()), measure(tmp_path)
    for name in ("losses", "epsilons", "learning_rates"):
        assert measured[name] == pytest.approx(stored[name], rel=1e-5, abs=1e-12), name
    assert {name: measured[name] for name in KEPT} == {name: stored[name] for name in KEPT}
    # one of the 40 images may lie on the border for another CPU
    assert measured["accuracies"] == pytest.approx(stored["accuracies"], abs=1 / 40 + 1e-9)


def test_it_would_notice(tmp_path):
    """The same with another seed is far outside the tolerance."""
    stored = json.loads(STORED.read_text())
    reporter = FolderReporter(tmp_path)
    execute(tiny.run_spec(**SETTINGS, seed=2), reporter)
    losses = [event["loss"] for event in reporter.events if event["kind"] == "train"]
    assert losses != pytest.approx(stored["losses"], rel=1e-3)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        STORED.write_text(json.dumps(measure(Path(place)), indent=2) + "\n")
