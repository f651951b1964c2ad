"""Why updating more parameters can buy accuracy with robustness: a linear model
small enough to run live.

The paper's (Li et al., ICCV 2025, after Tsipras et al., ICLR 2019): labels y are -1 or 1; x_1 is
a robust feature that agrees with y; x_2 .. x_{d+1} ~ N(eta y, 1) are weak, non-robust ones; f(x)
= sign((w_0 + delta_w) . x); k is the number of non-zero entries of delta_w. Its claim: 99 %
accuracy needs eta >= 2.33 / sqrt(k + d), so full fine-tuning (k = d) can live on the weakest
features, 2.33 / sqrt(2 d).

Heuristic in that claim: it is Phi(eta sqrt(n)) >= .99 with n = k + d, which counts each updated
weight as one more independent feature. There are only d, so a linear classifier without x_1 needs
eta >= 2.33 / sqrt(d) whatever k is. The bound is too low by sqrt(1 + k / d), at most sqrt(2).

Ours: what is pretrained (w_0 uses x_1 alone), what an update is (the best weights for its k
non-robust features, the log-likelihood ratios), and the exact accuracies. In that model clean
accuracy cannot fall with k, since more evidence is weighed rightly. At epsilon = 2 eta, the choice
of Tsipras et al., robust accuracy falls with k: each new feature helps the attacker more than the
model. That depends on epsilon: below eta it can fall at first and rise again. The statements on
robust accuracy were checked on a grid of eta and reliability (tests/unit/metrics), not proved.

Shapes: weights (d + 1,) or (K, d + 1), x_1 first. `reliability` is the probability
that x_1 agrees with y.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from rft_core.errors import UserError

RELIABILITY = 0.95


@dataclass(frozen=True)
class TradeoffPoint:
    """Exact and simulated accuracies (fractions) after updating `updated` non-robust weights, and
    the paper's required eta.
    """

    updated: int
    accuracy: float
    robust_accuracy: float
    simulated_accuracy: float
    simulated_robust_accuracy: float
    required_eta: float


def required_eta(updated: int, features: int, accuracy: float = 0.99) -> float:
    """Return the paper's least eta for `accuracy`: Phi^-1(accuracy) / sqrt(k + d); 2.33 /
    sqrt(k + d) at 99 %.

    Heuristic, see the top of this file; `required_eta(0, features)` is the exact value for
    the mean of d features.
    """
    _check_counts(updated, features)
    if not 0.5 < accuracy < 1:
        raise UserError(f"accuracy must lie between 0.5 and 1, both excluded, got {accuracy}")
    return float(ndtri(accuracy) / math.sqrt(updated + features))


def updated_weights(
    updated: int, features: int, eta: float, reliability: float = RELIABILITY
) -> np.ndarray:
    """Return w_0 + delta_w, (d + 1,): the best linear classifier that uses x_1 and `updated`
    non-robust features.

    log(p / (1 - p)) on x_1 and 2 eta on each updated feature, the log-likelihood ratios of
    y; 0 updates give w_0.
    """
    _check_counts(updated, features)
    _check_model(eta, reliability)
    weights = np.zeros(features + 1)
    weights[0] = math.log(reliability / (1 - reliability))
    weights[1 : updated + 1] = 2 * eta
    return weights


def linear_accuracy(
    weights: np.ndarray, eta: float, epsilon: float = 0.0, reliability: float = RELIABILITY
) -> float:
    """Return the exact accuracy of sign(w . x) under every linf attack of size `epsilon`
    (0: clean accuracy).

    The attack takes epsilon ||w||_1 off the margin y w . x, which is normal given whether x_1
    agrees with y: sum over s = 1, -1 of P(s) Phi((s w_1 + eta sum w_j - epsilon ||w||_1) /
    ||w_2..||_2). A margin of 0 is an error.
    """
    weights = np.asarray(weights, dtype=float)
    spread = np.linalg.norm(weights[1:])
    margins = (
        np.array([1, -1]) * weights[0] + eta * weights[1:].sum() - epsilon * np.abs(weights).sum()
    )
    right = ndtr(margins / spread) if spread else margins > 0
    return float(np.array([reliability, 1 - reliability]) @ right)


def draw(
    n: int,
    features: int,
    eta: float,
    generator: np.random.Generator,
    reliability: float = RELIABILITY,
) -> tuple[np.ndarray, np.ndarray]:
    """Return `n` examples of the model: x (n, d + 1) and labels y (n,), -1 or
    1 with equal chances.
    """
    _check_model(eta, reliability)
    labels = generator.choice([-1.0, 1.0], size=n)
    robust = labels * np.where(generator.random(n) < reliability, 1.0, -1.0)
    weak = generator.standard_normal((n, features)) + eta * labels[:, None]
    return np.column_stack([robust, weak]), labels


def simulated_accuracy(
    weights: np.ndarray, x: np.ndarray, labels: np.ndarray, epsilon: float = 0.0
) -> np.ndarray:
    """Return the share of examples x (n, d + 1) that each classifier in `weights` (K, d +
    1) keeps right: (K,).

    The worst linf attack on a linear classifier is known, x - epsilon y sign(w), so none
    has to be searched for.
    """
    weights = np.atleast_2d(weights)
    margins = labels[:, None] * (x @ weights.T) - epsilon * np.abs(weights).sum(axis=1)
    return (margins > 0).mean(axis=0)


def tradeoff(
    features: int,
    eta: float,
    epsilon: float,
    *,
    updates: list[int],
    generator: np.random.Generator,
    n: int = 2000,
    reliability: float = RELIABILITY,
) -> list[TradeoffPoint]:
    """Return one point for each number of updated weights in `updates`, exact and simulated on one
    draw of `n` examples.
    """
    weights = np.stack([updated_weights(k, features, eta, reliability) for k in updates])
    x, labels = draw(n, features, eta, generator, reliability)
    clean, robust = (
        simulated_accuracy(weights, x, labels),
        simulated_accuracy(weights, x, labels, epsilon),
    )
    return [
        TradeoffPoint(
            updated=k,
            accuracy=linear_accuracy(weights[i], eta, 0.0, reliability),
            robust_accuracy=linear_accuracy(weights[i], eta, epsilon, reliability),
            simulated_accuracy=float(clean[i]),
            simulated_robust_accuracy=float(robust[i]),
            required_eta=required_eta(k, features),
        )
        for i, k in enumerate(updates)
    ]


def _check_counts(updated: int, features: int) -> None:
    if features < 1 or not 0 <= updated <= features:
        raise UserError(
            "needs at least one non-robust feature and between 0 and all of them updated, got"
            f" {updated} of {features}"
        )


def _check_model(eta: float, reliability: float) -> None:
    if not eta > 0:
        raise UserError(f"eta must be above 0, got {eta}")
    if not 0.5 < reliability < 1:
        raise UserError(f"reliability must lie between 0.5 and 1, both excluded, got {reliability}")
