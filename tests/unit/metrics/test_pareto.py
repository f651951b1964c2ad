"""rft_core.metrics.pareto: the accuracy-robustness frontier and its area."""

import numpy as np
import pytest
from scipy.special import ndtri

from rft_core.errors import UserError
from rft_core.metrics.pareto import (
    frontier,
    frontier_indices,
    hypervolume,
    hypervolume_interval,
)

POINTS = np.array([[0.8, 0.2], [0.5, 0.4], [0.6, 0.1], [0.2, 0.6], [0.5, 0.4], [0.5, 0.3]])


def test_frontier():
    assert frontier(POINTS).tolist() == [[0.2, 0.6], [0.5, 0.4], [0.8, 0.2]]
    assert frontier_indices(POINTS).tolist() == [3, 1, 0]


def test_equal_accuracy_keeps_the_more_robust():
    assert frontier([[0.5, 0.1], [0.5, 0.4]]).tolist() == [[0.5, 0.4]]
    assert frontier([[0.1, 0.5], [0.4, 0.5]]).tolist() == [[0.4, 0.5]]


def test_hypervolume_by_hand():
    # 0.2 * 0.6 + 0.3 * 0.4 + 0.3 * 0.2
    assert hypervolume(POINTS) == pytest.approx(0.30)


def test_one_point_is_its_rectangle():
    assert hypervolume([[0.5, 0.4]]) == pytest.approx(0.2)


def test_no_points_no_area():
    assert hypervolume([]) == 0.0
    assert frontier([]).shape == (0, 2)


def test_a_new_frontier_point_never_loses_area():
    ends, more = [[0.2, 0.8], [0.8, 0.2]], [[0.2, 0.8], [0.3, 0.3], [0.8, 0.2]]
    assert len(frontier(more)) == 3
    assert hypervolume(more) > hypervolume(ends)


@pytest.mark.parametrize("point", [[1.2, 0.5], [-0.1, 0.5], [0.5, float("nan")]])
def test_points_are_fractions(point):
    with pytest.raises(UserError, match="fractions from 0 to 1"):
        hypervolume([point])


def test_interval_of_one_model_that_is_always_right():
    verdicts = np.ones((1, 50), dtype=bool)
    area = hypervolume_interval(verdicts, verdicts, generator=np.random.default_rng(0))
    assert (area.value, area.low, area.high, area.bias) == (1.0, 1.0, 1.0, 0.0)


def test_interval_of_one_model_agrees_with_the_delta_method():
    generator = np.random.default_rng(1)
    clean = generator.random((1, 2000)) < 0.8
    robust = clean & (generator.random((1, 2000)) < 0.5)
    a, r = clean.mean(), robust.mean()
    spread = np.sqrt((r**2 * a * (1 - a) + a**2 * r * (1 - r) + 2 * a * r * r * (1 - a)) / 2000)
    area = hypervolume_interval(clean, robust, generator=generator, resamples=4000)
    assert area.value == pytest.approx(a * r)
    assert (area.low, area.high) == pytest.approx(
        (a * r - 1.96 * spread, a * r + 1.96 * spread), abs=0.1 * spread
    )


def correlated_verdicts(accuracy, n, generator):
    """Verdicts (P, n) of models with these true accuracies, which find mostly
    the same images hard.
    """
    strain = np.sqrt(0.8) * generator.standard_normal(n) + np.sqrt(0.2) * generator.standard_normal(
        (len(accuracy), n)
    )
    return strain < ndtri(accuracy)[:, None]


def test_a_crowd_of_equal_models_leans_upwards():
    generator = np.random.default_rng(2)
    clean = correlated_verdicts(np.full(20, 0.7), 400, generator)
    area = hypervolume_interval(
        clean, clean & correlated_verdicts(np.full(20, 0.4), 400, generator), generator=generator
    )
    assert area.bias > 0.005
    # the middle of the interval lies below the value, against the lean
    assert (area.low + area.high) / 2 < area.value


def test_interval_holds_the_truth_about_95_times_in_100():
    generator, held = np.random.default_rng(6), 0
    accuracy, robustness = np.linspace(0.5, 0.9, 4), np.linspace(0.45, 0.1, 4)
    truth = hypervolume(np.column_stack([accuracy, robustness]))
    for _ in range(100):
        verdicts = correlated_verdicts(np.concatenate([accuracy, robustness]), 200, generator)
        area = hypervolume_interval(verdicts[:4], verdicts[4:], generator=generator, resamples=300)
        held += area.low <= truth <= area.high
    # two standard errors of a proportion of .95 among 100 are 4.4 points
    assert held / 100 == pytest.approx(0.95, abs=0.05)


def test_same_seed_same_interval():
    clean = np.random.default_rng(3).random((3, 100)) < 0.6
    first, second = (
        hypervolume_interval(clean, clean, generator=np.random.default_rng(4)) for _ in range(2)
    )
    assert first == second


def test_verdicts_must_match():
    with pytest.raises(UserError, match="one shape"):
        hypervolume_interval(
            np.ones((2, 5), bool), np.ones((2, 4), bool), generator=np.random.default_rng(0)
        )
