"""Laws of curves and intervals, for any counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.metrics.curve import RobustnessCurve, wilson_interval
from rft_core.units import format_epsilon, parse_epsilon


@st.composite
def curves(draw):
    n = draw(st.integers(1, 5000))
    epsilons = sorted(draw(st.sets(st.integers(1, 255), max_size=12)))
    correct = sorted(
        draw(st.lists(st.integers(0, n), min_size=len(epsilons) + 1, max_size=len(epsilons) + 1)),
        reverse=True,
    )
    return RobustnessCurve((0.0, *(level / 255 for level in epsilons)), tuple(correct), n)


@given(curves())
def test_expected_robustness_lies_between_the_ends_of_its_curve(curve):
    assert curve.accuracies[-1] - 1e-12 <= curve.expected_robustness <= curve.clean_accuracy + 1e-12


@given(curves())
def test_points_and_back(curve):
    assert RobustnessCurve.from_points(curve.points()) == curve


@given(curves(), st.floats(0, 1))
def test_accuracy_between_points_lies_between_them(curve, share):
    epsilon = share * curve.epsilons[-1]
    assert (
        curve.accuracies[-1] - 1e-12 <= curve.accuracy_at(epsilon) <= curve.clean_accuracy + 1e-12
    )


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_holds_the_proportion(counts):
    correct, n = counts
    low, high = wilson_interval(correct, n)
    assert 0 <= low <= correct / n <= high <= 1
    assert low < high


@given(st.integers(1, 500), st.integers(0, 500))
def test_more_images_narrow_the_interval(n, correct):
    correct = min(correct, n)
    low, high = wilson_interval(correct, n)
    many_low, many_high = wilson_interval(100 * correct, 100 * n)
    assert many_high - many_low < high - low


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 2**31))
def test_a_curve_of_any_verdicts_never_rises(n, count, seed):
    verdicts = np.random.default_rng(seed).random((n, count)) < 0.7
    curve = RobustnessCurve.from_verdicts([place / 255 for place in range(count)], verdicts)
    assert list(curve.correct) == sorted(curve.correct, reverse=True)
    assert curve.correct[0] == verdicts[:, 0].sum()


@pytest.mark.parametrize("level", range(256))
def test_an_epsilon_in_levels_survives_being_shown(level):
    assert parse_epsilon(format_epsilon(level / 255)) == level / 255


@given(st.floats(1e-6, 1))
def test_any_epsilon_shown_is_close(epsilon):
    assert parse_epsilon(format_epsilon(epsilon)) == pytest.approx(epsilon, rel=2e-2, abs=1e-8)
