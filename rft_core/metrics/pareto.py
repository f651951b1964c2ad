"""Trade-off between accuracy and robustness: the Pareto frontier and the area it covers.

Source: Li et al., "On the Robustness Tradeoff in Fine-Tuning", ICCV 2025 (frontier of every
measured step of a strategy, area under it, percent above the mean of the strategies). The paper
does not say how the frontier is joined or extended to the left; we take the 2-D hypervolume against
(0, 0), which adding a point never lowers. Intervals here cover the choice of test images, not the
choice of training seeds.
"""

from dataclasses import dataclass

import numpy as np

from rft_core.errors import UserError
from rft_core.metrics.resampling import basic_interval, resampled_means


@dataclass(frozen=True)
class AreaInterval:
    """A hypervolume 0..1, its bootstrap interval, and `bias`: mean of the resamples minus the
    value, about 0 or more.
    """

    value: float
    low: float
    high: float
    bias: float


def frontier_indices(points: np.ndarray) -> np.ndarray:
    """Return the positions in `points` (P, 2), columns accuracy and robustness, that no other
    point dominates: (M,).

    They come by rising accuracy, so robustness falls along them. Of equal points
    the first one is kept.
    """
    points = _checked(points)
    order = np.lexsort((-points[:, 1], -points[:, 0]))
    before = np.concatenate([[-np.inf], np.maximum.accumulate(points[order, 1])[:-1]])[: len(order)]
    return order[points[order, 1] > before][::-1]


def frontier(points: np.ndarray) -> np.ndarray:
    """Return the non-dominated rows of `points` (P, 2), distinct, by rising accuracy: (M, 2)."""
    return _checked(points)[frontier_indices(points)]


def hypervolume(points: np.ndarray) -> float:
    """Return the area that `points` (P, 2), fractions, dominate above (0, 0): 0 for
    no points, at most 1.

    With the frontier a_1 < .. < a_m and r_1 > .. > r_m it is the sum of r_i (a_i
    - a_{i-1}), a_0 = 0.
    """
    return float(_hypervolumes(_checked(points)))


def hypervolume_interval(
    clean: np.ndarray,
    robust: np.ndarray,
    *,
    generator: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.95,
) -> AreaInterval:
    """Return the hypervolume of P models measured on the same N test images, with
    its bootstrap interval.

    `clean` and `robust` are per-example verdicts, bool (P, N). A frontier takes maxima of noisy
    accuracies, so its area leans upwards, the more so the more near-equal points there are, and
    `bias` estimates part of that. Hence the basic interval. Share of 300 simulated sets of 400
    images whose 95 % interval held the true area, basic and percentile, for models that find mostly
    the same images hard (latent correlation .8): 5 models that differ .94 and .94; 20 that differ
    .94 and .91; 20 equal ones .89 and .46. With 20 equal models whose errors have nothing in common
    it falls to .66 (percentile: 0): then compare single models instead.
    """
    clean, robust = np.atleast_2d(clean), np.atleast_2d(robust)
    if clean.shape != robust.shape or not clean.size:
        raise UserError(
            f"clean and robust verdicts must have one shape (points, images), got {clean.shape} and"
            f" {robust.shape}"
        )
    verdicts = np.concatenate([clean, robust]).T  # (N, 2P)
    value = float(_hypervolumes(_paired(verdicts.mean(axis=0))))
    replicates = _hypervolumes(_paired(resampled_means(verdicts, generator, resamples)))
    low, high = basic_interval(value, replicates, level)
    return AreaInterval(value, max(0.0, low), min(1.0, high), float(replicates.mean()) - value)


def _paired(means: np.ndarray) -> np.ndarray:
    """Turn (..., 2P), accuracies then robustnesses, into points (..., P, 2)."""
    return np.stack(np.split(means, 2, axis=-1), axis=-1)


def _hypervolumes(points: np.ndarray) -> np.ndarray:
    """Return the hypervolume of each set in `points` (..., P, 2); dominated points
    need no removal: (...).
    """
    points = np.take_along_axis(points, np.argsort(points[..., :1], axis=-2), axis=-2)
    widths = np.diff(points[..., 0], prepend=0.0, axis=-1)
    heights = np.maximum.accumulate(points[..., ::-1, 1], axis=-1)[..., ::-1]
    return (widths * heights).sum(axis=-1)


def _checked(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    if not ((points >= 0) & (points <= 1)).all():
        raise UserError(
            "a point needs accuracy and robustness as fractions from 0 to 1; leave out models that"
            " were not measured"
        )
    return points
