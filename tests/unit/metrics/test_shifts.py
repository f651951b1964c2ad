"""rft_core.metrics.shifts: rows, means and what is kept, by hand."""

import json

import pytest

from rft_core.metrics.curve import wilson_interval
from rft_core.metrics.shifts import (
    CORRUPTION_GROUPS,
    CORRUPTIONS,
    accuracy_row,
    mean_accuracy,
    relative_robustness,
    summarise,
)

CORRUPTED = [("fog", 1, 30, 40), ("fog", 2, 20, 40), ("snow", 1, 10, 40)]


def test_a_row():
    low, high = wilson_interval(30, 40)
    assert accuracy_row(30, 40) == {"accuracy": 0.75, "n": 40, "low": low, "high": high}


def test_a_summary():
    found = summarise((32, 40), {"sketch": (10, 40), "night": (10, 20)}, CORRUPTED, "abc")
    assert found["in_domain"]["accuracy"] == 0.8
    assert [(row["name"], row["accuracy"], row["n"]) for row in found["domains"]] == [
        ("sketch", 0.25, 40),
        ("night", 0.5, 20),
    ]
    assert found["domain_mean"] == 0.375
    assert [(row["kind"], row["severity"], row["accuracy"]) for row in found["corruptions"]] == [
        ("fog", 1, 0.75),
        ("fog", 2, 0.5),
        ("snow", 1, 0.25),
    ]
    assert found["corruption_mean"] == 0.5
    assert found["relative_robustness"] == pytest.approx(0.625)
    assert found["images_digest"] == "abc"
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_what_was_not_measured_is_none():
    found = summarise((32, 40), {}, [], "abc")
    assert (found["domains"], found["corruptions"]) == ([], [])
    assert found["domain_mean"] is found["corruption_mean"] is found["relative_robustness"] is None


def test_means():
    rows = summarise((1, 2), {}, CORRUPTED, "")["corruptions"]
    assert mean_accuracy(rows) == 0.5
    assert mean_accuracy([]) is None
    assert relative_robustness(0.3, 0.0) is None
    assert relative_robustness(0.3, 0.6) == 0.5


def test_fifteen_corruptions_in_four_groups():
    assert len(CORRUPTIONS) == len(set(CORRUPTIONS)) == 15
    assert list(CORRUPTION_GROUPS) == ["noise", "blur", "weather", "digital"]
