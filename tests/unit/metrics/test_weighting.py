"""rft_core.metrics.curve: expected robustness under any weighting of epsilon."""

import numpy as np
import pytest

from rft_core.errors import UserError
from rft_core.metrics.curve import (
    RobustnessCurve,
    all_weight_on,
    expected_robustness,
    expected_verdicts,
    grid_index,
    grid_weights,
)

EPSILONS = (0.0, 0.1, 0.4)
ACCURACIES = (0.8, 0.6, 0.2)
CURVE = RobustnessCurve(EPSILONS, (80, 60, 20), 100)


@pytest.mark.parametrize(("epsilon", "accuracy"), list(zip(EPSILONS, ACCURACIES)))
def test_all_weight_on_one_epsilon(epsilon, accuracy):
    assert expected_robustness(EPSILONS, ACCURACIES, all_weight_on(EPSILONS, epsilon)) == accuracy


def test_uniform_is_the_default():
    assert expected_robustness(EPSILONS, ACCURACIES, (3, 3, 3)) == pytest.approx(
        expected_robustness(EPSILONS, ACCURACIES)
    )
    assert grid_weights(EPSILONS) == pytest.approx([0.125, 0.5, 0.375])


def test_a_density_by_hand():
    # density 4, 2, 0: trapezoid of density x accuracy over trapezoid of density
    expected = (0.1 * (3.2 + 1.2) / 2 + 0.3 * (1.2 + 0) / 2) / (
        0.1 * (4 + 2) / 2 + 0.3 * (2 + 0) / 2
    )
    assert CURVE.expected_under((4, 2, 0)) == pytest.approx(expected)


def test_a_grid_of_one_point():
    assert RobustnessCurve((0.0,), (7,), 10).expected_under((5,)) == 0.7


@pytest.mark.parametrize(
    "weights", [(1, 1), (1, -1, 1), (0, 0, 0), (1, float("nan"), 1), (1, float("inf"), 1), 1.0]
)
def test_what_is_no_density(weights):
    with pytest.raises(UserError, match="weights must be 3 finite numbers"):
        grid_weights(EPSILONS, weights)


def test_an_epsilon_off_the_grid_names_the_grid():
    assert grid_index((0, 4 / 255, 8 / 255), 8 / 255 + 1e-12) == 2
    with pytest.raises(
        UserError, match="epsilon 6/255 was not evaluated; the grid has 0, 4/255, 8/255"
    ):
        all_weight_on((0, 4 / 255, 8 / 255), 6 / 255)


def test_each_image_has_its_own_expected_robustness():
    verdicts = np.array([[True, False, True], [True, True, True], [False, True, True]])
    scores = expected_verdicts(EPSILONS, verdicts)
    assert scores == pytest.approx([0.125, 1.0, 0.0])
    assert scores.mean() == pytest.approx(
        RobustnessCurve.from_verdicts(EPSILONS, verdicts).expected_robustness
    )
