"""rft_core.metrics.transfer: when a run starts to learn its task."""

import pytest

from rft_core.metrics.transfer import Onset, onset, onset_threshold


@pytest.mark.parametrize(
    ("classes", "threshold"),
    [(2, 0.55), (10, 0.15), (48, 1 / 48 + 0.05), (100, 0.05), (1000, 0.05)],
)
def test_threshold(classes, threshold):
    assert onset_threshold(classes) == pytest.approx(threshold)


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ((0.02, 0.04, 0.3, 0.2), Onset(20, 1.0, 0.3, 0.05)),
        # an untrained head above the threshold is luck
        ((0.9, 0.04, 0.04, 0.06), Onset(40, 2.0, 0.06, 0.05)),
        # exactly at the threshold is not above it
        ((0.0, 0.05, 0.05, 0.05), None),
        ((0.0, 0.01, 0.02, 0.03), None),
    ],
)
def test_onset(accuracies, expected):
    assert onset((0, 10, 20, 40), (0.0, 0.5, 1.0, 2.0), accuracies, num_classes=200) == expected


def test_no_evaluation_no_onset():
    assert onset((), (), (), num_classes=10) is None


def test_plain_data():
    assert Onset(1, 0.5, 0.3, 0.05).as_dict() == {
        "step": 1,
        "epoch": 0.5,
        "accuracy": 0.3,
        "threshold": 0.05,
    }
