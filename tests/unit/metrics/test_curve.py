"""rft_core.metrics.curve: accuracy at rising epsilons."""

import math

import numpy as np
import pytest

from rft_core.metrics.curve import RobustnessCurve, expected_robustness, wilson_interval

CURVE = RobustnessCurve((0.0, 0.1, 0.4), (80, 60, 20), 100)


def test_the_numbers_of_a_curve():
    assert CURVE.accuracies == (0.8, 0.6, 0.2)
    assert CURVE.clean_accuracy == 0.8
    assert CURVE.expected_robustness == pytest.approx((0.1 * 0.7 + 0.3 * 0.4) / 0.4)


@pytest.mark.parametrize(
    ("epsilon", "accuracy"), [(0, 0.8), (0.05, 0.7), (0.1, 0.6), (0.25, 0.4), (0.4, 0.2)]
)
def test_accuracy_between_grid_points(epsilon, accuracy):
    assert CURVE.accuracy_at(epsilon) == pytest.approx(accuracy)


def test_nothing_is_known_beyond_the_grid():
    assert math.isnan(CURVE.accuracy_at(0.5))


@pytest.mark.parametrize(
    ("epsilons", "correct", "n"),
    [
        ((), (), 10),
        ((0.0, 0.1), (5,), 10),
        ((0.1, 0.2), (5, 4), 10),
        ((0.0, 0.2, 0.1), (5, 4, 3), 10),
        ((0.0, 0.1, 0.1), (5, 4, 3), 10),
        ((0.0, 0.1), (4, 5), 10),
        ((0.0,), (0,), 0),
    ],
)
def test_what_is_no_curve(epsilons, correct, n):
    with pytest.raises(ValueError, match="curve|accuracy"):
        RobustnessCurve(epsilons, correct, n)


def test_an_example_that_fell_stays_fallen():
    verdicts = np.array(
        [[True, False, True], [True, True, True], [False, True, True], [True, True, False]]
    )
    curve = RobustnessCurve.from_verdicts((0, 0.1, 0.2), verdicts)
    assert curve.correct == (3, 2, 1)
    assert curve.n == 4


def test_points_and_back():
    rows = CURVE.points()
    assert list(rows[0]) == ["epsilon", "epsilon_255", "accuracy", "n", "low", "high"]
    assert RobustnessCurve.from_points(rows) == CURVE
    assert all(row["low"] < row["accuracy"] < row["high"] for row in rows)


def test_epsilon_in_levels():
    assert RobustnessCurve((0.0, 8 / 255), (5, 4), 10).points()[1]["epsilon_255"] == 8


def test_clean_only():
    curve = RobustnessCurve((0.0,), (7,), 10)
    assert curve.expected_robustness == curve.clean_accuracy == 0.7


def test_expected_robustness_of_a_constant_is_the_constant():
    assert expected_robustness((0, 0.1, 0.15, 0.9), (0.3, 0.3, 0.3, 0.3)) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        # Brown, Cai, DasGupta 2001, table of Wilson intervals, to three digits
        (0, 10, 0.0, 0.278),
        (1, 10, 0.018, 0.404),
        (5, 10, 0.237, 0.763),
        (10, 10, 0.722, 1.0),
        (81, 263, 0.255, 0.366),
    ],
)
def test_wilson_interval(correct, n, low, high):
    assert wilson_interval(correct, n) == pytest.approx((low, high), abs=6e-4)
