"""rft_core.metrics.run_report: the document that `run --json` ends with."""

import json
from typing import Any

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.metrics.run_report import RunReport
from rft_core.metrics.transfer import Onset

# architecture.md, section 3, "CLI"
PROMISED = [
    "run_id",
    "status",
    "seconds",
    "images_per_second",
    "clean_accuracy",
    "robust_accuracy",
    "expected_robustness",
    "onset",
    "curve",
    "measured_by",
    "trainable_parameters",
    "total_parameters",
]


PGD_10 = MeasuredBy(attack="pgd", label="PGD", loss="cross-entropy", steps=10, n=10)


def report(**changes) -> RunReport:
    values: dict[str, Any] = {
        "run_id": "r",
        "status": "finished",
        "seconds": 1.23456,
        "images_per_second": 100.0,
        "curve": RobustnessCurve((0.0, 0.1), (8, 5), 10),
        "measured_by": PGD_10,
        "onset": Onset(3, 0.5, 0.3, 0.15),
        "trainable_parameters": 10,
        "total_parameters": 100,
        "images_digest": "abc",
        "gradient_evaluations": 7,
    }
    return RunReport(**values | changes)


def test_the_promised_fields():
    document = report().as_dict()
    assert set(PROMISED) <= set(document)
    assert list(document["curve"][0]) == ["epsilon", "epsilon_255", "accuracy", "n", "low", "high"]
    assert document["onset"] == {"step": 3, "epoch": 0.5, "accuracy": 0.3, "threshold": 0.15}
    assert (document["clean_accuracy"], document["robust_accuracy"]) == (0.8, 0.5)
    assert document["expected_robustness"] == 0.65


def test_it_is_json_without_nan():
    assert json.loads(json.dumps(report(onset=None).as_dict(), allow_nan=False))["onset"] is None
