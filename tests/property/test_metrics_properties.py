"""Laws of the metrics that hold for any numbers."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rft_core.metrics.curve import (
    RobustnessCurve,
    expected_robustness,
    expected_verdicts,
    grid_weights,
)
from rft_core.metrics.pareto import (
    frontier,
    hypervolume,
    hypervolume_interval,
)
from rft_core.metrics.significance import mcnemar_p_value, mean_interval, paired_difference
from rft_core.metrics.theory import linear_accuracy, required_eta
from rft_core.metrics.transfer import transfer_gap_interval

# hundredths, so that points share coordinates often
fractions = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
points = st.lists(st.tuples(fractions, fractions), max_size=12)
seeds = st.integers(0, 2**32 - 1)


def bools(*shape):
    return arrays.arrays(bool, shape)


@given(points, st.tuples(fractions, fractions))
def test_adding_a_point_never_lowers_the_hypervolume(found, extra):
    before, after = hypervolume(found), hypervolume([*found, extra])
    assert after >= before - 1e-12
    dominated = any(a >= extra[0] and r >= extra[1] for a, r in found)
    assert not dominated or after == pytest.approx(before)


@given(points, st.randoms(use_true_random=False))
def test_frontier_ignores_order_and_repetition(found, shuffler):
    shuffled = found + found[:3]
    shuffler.shuffle(shuffled)
    assert frontier(shuffled).tolist() == frontier(found).tolist()
    assert hypervolume(shuffled) == pytest.approx(hypervolume(found))


@given(points)
def test_frontier_is_what_nothing_dominates(found):
    def dominates(one, other):
        return one[0] >= other[0] and one[1] >= other[1] and one != other

    expected = sorted({one for one in found if not any(dominates(other, one) for other in found)})
    assert [tuple(row) for row in frontier(found).tolist()] == expected


@given(points)
def test_hypervolume_is_bounded_and_symmetric(found):
    area = hypervolume(found)
    assert (
        0
        <= area
        <= max((a for a, _ in found), default=0) * max((r for _, r in found), default=0) + 1e-12
    )
    assert hypervolume([(r, a) for a, r in found]) == pytest.approx(area)


@given(bools(3, 25), bools(3, 25), seeds)
def test_hypervolume_interval_holds_its_estimate(clean, robust, seed):
    area = hypervolume_interval(
        clean, robust & clean, generator=np.random.default_rng(seed), resamples=100
    )
    assert 0 <= area.low <= area.value <= area.high <= 1
    assert area.value == pytest.approx(
        hypervolume(np.column_stack([clean.mean(1), (robust & clean).mean(1)]))
    )


@given(bools(2, 40), seeds)
def test_paired_interval_holds_its_estimate_and_turns_with_the_runs(pair, seed):
    one = paired_difference(pair[0], pair[1], generator=np.random.default_rng(seed), resamples=200)
    other = paired_difference(
        pair[1], pair[0], generator=np.random.default_rng(seed), resamples=200
    )
    assert -1 <= one.low <= one.difference <= one.high <= 1
    assert (
        one.difference
        == -other.difference
        == pytest.approx((one.only_first - one.only_second) / 40)
    )
    assert (one.p_value, one.only_first, one.only_second) == (
        other.p_value,
        other.only_second,
        other.only_first,
    )


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_symmetric_and_a_probability(only_first, only_second):
    p_value = mcnemar_p_value(only_first, only_second)
    assert 0 <= p_value <= 1
    assert p_value == mcnemar_p_value(only_second, only_first)
    # one more image for the side that leads makes the case stronger
    assert (
        only_first < only_second or mcnemar_p_value(only_first + 1, only_second) <= p_value + 1e-12
    )


@given(st.lists(fractions, min_size=2, max_size=8), st.floats(-1, 1))
def test_mean_interval_moves_with_its_values(values, shift):
    found, moved = mean_interval(values), mean_interval([value + shift for value in values])
    assert found.low <= found.mean <= found.high
    assert (moved.low, moved.high) == pytest.approx((found.low + shift, found.high + shift))
    assert mean_interval(values, level=0.5).high <= found.high


@given(
    arrays.arrays(bool, st.tuples(st.integers(1, 20), st.just(4))),
    st.lists(st.floats(0, 5), min_size=4, max_size=4),
)
def test_expected_robustness_is_a_mean(verdicts, weights):
    assume(any(weights))
    epsilons = (0.0, 0.01, 0.02, 0.05)
    curve = RobustnessCurve.from_verdicts(epsilons, verdicts)
    value = expected_robustness(epsilons, curve.accuracies, weights)
    assert curve.accuracies[-1] - 1e-12 <= value <= curve.clean_accuracy + 1e-12
    assert value == pytest.approx(curve.expected_under([7 * weight for weight in weights]))
    assert value == pytest.approx(expected_verdicts(epsilons, verdicts, weights).mean())
    assert grid_weights(epsilons, weights).sum() == pytest.approx(1)


@given(st.integers(0, 50), st.integers(0, 80))
def test_gap_interval_holds_the_gap(run_correct, standard_correct):
    low, high = transfer_gap_interval(run_correct, 50, standard_correct, 80)
    gap = standard_correct / 80 - run_correct / 50
    assert -1 - 1e-12 <= low <= gap <= high <= 1 + 1e-12


@given(
    arrays.arrays(float, 6, elements=st.floats(-3, 3)),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.01, 10),
)
def test_linear_accuracy_falls_with_epsilon_and_ignores_scale(weights, epsilon, other, scale):
    assume(np.linalg.norm(weights[1:]) > 1e-3)
    low, high = sorted((epsilon, other))
    weaker, stronger = linear_accuracy(weights, 0.3, low), linear_accuracy(weights, 0.3, high)
    assert 0 <= stronger <= weaker + 1e-12 <= 1 + 1e-9
    assert linear_accuracy(scale * weights, 0.3, low) == pytest.approx(weaker)


@given(st.integers(1, 1000), st.data(), st.floats(0.51, 0.999))
def test_required_eta_reaches_its_accuracy(features, data, accuracy):
    updated = data.draw(st.integers(0, features))
    eta = required_eta(updated, features, accuracy)
    independent = np.append(0.0, np.ones(updated + features))
    assert linear_accuracy(independent, eta) == pytest.approx(accuracy)
    assert (
        eta
        >= required_eta(features, features, accuracy)
        >= required_eta(0, features, accuracy) / math.sqrt(2) - 1e-12
    )
