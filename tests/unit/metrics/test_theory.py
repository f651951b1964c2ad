"""rft_core.metrics.theory: the linear model of accuracy against robustness."""

import math

import numpy as np
import pytest

from rft_core.errors import UserError
from rft_core.metrics.theory import (
    draw,
    linear_accuracy,
    required_eta,
    simulated_accuracy,
    tradeoff,
    updated_weights,
)

D, ETA, EPSILON = 100, 0.2, 0.4


def test_the_claim_of_the_paper():
    assert required_eta(0, 100) == pytest.approx(2.33 / 10, abs=5e-4)
    assert required_eta(100, 100) == pytest.approx(2.33 / math.sqrt(200), abs=5e-4)
    assert required_eta(25, 100, accuracy=0.975) == pytest.approx(1.959964 / math.sqrt(125))


def test_what_is_heuristic_in_the_claim():
    mean_of_all = np.append(0.0, np.full(D, 1 / D))
    assert linear_accuracy(mean_of_all, required_eta(0, D)) == pytest.approx(0.99)
    # at the paper's eta for full fine-tuning d features reach Phi(2.33 / sqrt 2) = 95 %, not 99 %
    assert linear_accuracy(mean_of_all, required_eta(D, D)) == pytest.approx(0.95, abs=1e-3)


def test_the_pretrained_model_uses_the_robust_feature_alone():
    weights = updated_weights(0, D, ETA)
    assert np.flatnonzero(weights).tolist() == [0]
    assert (
        linear_accuracy(weights, ETA)
        == linear_accuracy(weights, ETA, epsilon=0.99)
        == pytest.approx(0.95)
    )
    assert linear_accuracy(weights, ETA, epsilon=1.0) == 0.0


def test_closed_form_by_hand():
    # one weak feature alone: Phi(eta - epsilon)
    assert linear_accuracy(np.array([0.0, 1.0]), eta=1.0) == pytest.approx(0.8413447)
    assert linear_accuracy(np.array([0.0, -1.0]), eta=1.0) == pytest.approx(0.1586553)
    assert linear_accuracy(np.array([0.0, 2.0]), eta=1.0, epsilon=1.0) == pytest.approx(0.5)
    # x_1 with weight 1 beside it: .9 Phi(2) + .1 Phi(0)
    assert linear_accuracy(np.array([1.0, 1.0]), eta=1.0, reliability=0.9) == pytest.approx(
        0.9 * 0.9772499 + 0.05
    )


def test_more_updates_buy_accuracy_with_robustness():
    points = tradeoff(
        D, ETA, EPSILON, updates=[0, 5, 10, 25, 50, 100], generator=np.random.default_rng(0), n=4000
    )
    accuracies = [(p.accuracy, p.simulated_accuracy) for p in points]
    robust = [(p.robust_accuracy, p.simulated_robust_accuracy) for p in points]
    assert (np.diff(np.array(accuracies)[:, 0]) >= 0).all()
    assert (np.diff(np.array(robust), axis=0)[1:] < 0).all()
    assert points[-1].simulated_accuracy > points[0].simulated_accuracy + 0.03
    assert points[-1].simulated_robust_accuracy < 0.1 < 0.9 < points[0].simulated_robust_accuracy


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.4])
def test_simulation_agrees_with_the_closed_form(epsilon):
    weights = np.stack([updated_weights(k, 20, 0.3) for k in (0, 3, 20)] + [np.linspace(-1, 2, 21)])
    n = 20_000
    simulated = simulated_accuracy(
        weights, *draw(n, 20, 0.3, np.random.default_rng(1)), epsilon=epsilon
    )
    exact = np.array([linear_accuracy(w, 0.3, epsilon) for w in weights])
    assert (np.abs(simulated - exact) < 4 * np.sqrt(exact * (1 - exact) / n) + 1e-9).all()


def test_the_attack_is_the_worst_one():
    weights, generator = updated_weights(5, 5, 0.5), np.random.default_rng(2)
    x, labels = draw(500, 5, 0.5, generator)
    attacked = x - 0.3 * labels[:, None] * np.sign(weights)
    assert simulated_accuracy(weights, x, labels, epsilon=0.3) == simulated_accuracy(
        weights, attacked, labels
    )
    anywhere = x + generator.uniform(-0.3, 0.3, x.shape)
    assert simulated_accuracy(weights, x, labels, epsilon=0.3) <= simulated_accuracy(
        weights, anywhere, labels
    )


@pytest.mark.parametrize("reliability", [0.6, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("eta", [0.05, 0.2, 0.45])
def test_direction_with_k(eta, reliability):
    weights = [updated_weights(k, 60, eta, reliability) for k in range(61)]
    clean = [linear_accuracy(w, eta, 0.0, reliability) for w in weights]
    robust = [linear_accuracy(w, eta, 2 * eta, reliability) for w in weights]
    assert (np.diff(clean) > -1e-12).all()
    assert (np.diff(robust) < 1e-12).all()


def test_the_direction_depends_on_epsilon():
    few, many = updated_weights(25, 400, 0.2), updated_weights(400, 400, 0.2)
    assert linear_accuracy(many, 0.2, epsilon=0.1) > linear_accuracy(few, 0.2, epsilon=0.1)


def test_the_data_follow_the_model():
    x, labels = draw(20_000, 3, 0.5, np.random.default_rng(3))
    assert x.shape == (20_000, 4)
    assert set(labels) == {-1.0, 1.0}
    assert (x[:, 0] == labels).mean() == pytest.approx(0.95, abs=0.01)
    assert (labels[:, None] * x[:, 1:]).mean(axis=0) == pytest.approx([0.5] * 3, abs=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: required_eta(101, 100), "got 101 of 100"),
        (lambda: required_eta(0, 0), "at least one non-robust feature"),
        (lambda: required_eta(1, 10, accuracy=0.5), "accuracy must lie between"),
        (lambda: updated_weights(1, 10, eta=0.0), "eta must be above 0"),
        (lambda: updated_weights(1, 10, eta=0.1, reliability=1.0), "reliability must lie between"),
    ],
)
def test_what_the_model_refuses(call, message):
    with pytest.raises(UserError, match=message):
        call()
