"""rft_core.metrics.transfer: what a run lost against standard fine-tuning."""

import pytest

from rft_core.errors import UserError
from rft_core.metrics.transfer import (
    SUBSTANTIAL_GAP,
    is_suboptimal_transfer,
    is_transfer_failure,
    onset_threshold,
    transfer_gap,
    transfer_gap_interval,
)


def test_the_gap_is_what_was_lost():
    assert transfer_gap(run_clean=0.6, standard_clean=0.9) == pytest.approx(0.3)
    assert transfer_gap(run_clean=0.9, standard_clean=0.8) == pytest.approx(-0.1)


def test_interval_of_newcombe_1998():
    # Newcombe 1998, table II: 56/70 - 48/80, method 10
    assert transfer_gap_interval(48, 80, 56, 70) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_interval_turns_with_the_runs():
    low, high = transfer_gap_interval(30, 100, 70, 120)
    assert transfer_gap_interval(70, 120, 30, 100) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("gap", "low", "expected"),
    [
        (0.20, 0.15, True),
        (SUBSTANTIAL_GAP, 0.001, True),
        # certain, but small
        (0.02, 0.01, False),
        # large, but no evidence
        (0.20, -0.01, False),
        (0.20, 0.0, False),
        (-0.10, -0.12, False),
    ],
)
def test_suboptimal_is_substantial_and_significant(gap, low, expected):
    assert is_suboptimal_transfer(gap, low) is expected


def test_the_threshold_can_be_chosen():
    assert is_suboptimal_transfer(0.02, 0.01, threshold=0.01)


@pytest.mark.parametrize("low", [0.3, float("nan")])
def test_an_interval_holds_its_estimate(low):
    with pytest.raises(UserError, match="must not exceed the transfer gap"):
        is_suboptimal_transfer(0.2, low)


@pytest.mark.parametrize(
    ("clean", "classes", "expected"),
    [
        (0.031, 100, True),
        (0.051, 100, False),
        (0.05, 100, False),
        (0.14, 10, True),
        (0.16, 10, False),
        (0.54, 2, True),
        (0.56, 2, False),
    ],
)
def test_failure_is_near_random(clean, classes, expected):
    assert is_transfer_failure(clean, classes) is expected


def test_failure_and_onset_share_their_threshold():
    for classes in (2, 10, 48, 100, 257):
        assert is_transfer_failure(onset_threshold(classes) - 1e-9, classes)
        assert not is_transfer_failure(onset_threshold(classes), classes)
