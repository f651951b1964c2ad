"""RobustnessCurve: accuracy at rising epsilons, with intervals, and expected robustness.

Source: Ngnawé et al., ICLR 2026, section 3 (expected robustness, estimated by the trapezoid on a
grid of 1/255). The paper takes epsilon uniform on [0, target] and notes that other weightings can
take its place: all weight on 0 is the clean accuracy, all weight on the target is the worst case.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rft_core.errors import UserError
from rft_core.units import PIXEL_LEVELS, format_epsilon

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class RobustnessCurve:
    """Correct predictions among `n` images at each of `epsilons` (pixel scale, from 0
    upwards, never rising).
    """

    epsilons: tuple[float, ...]
    correct: tuple[int, ...]
    n: int

    def __post_init__(self):
        if len(self.epsilons) != len(self.correct) or not self.epsilons:
            raise ValueError("a curve needs one count for each epsilon")
        if self.n < 1 or self.epsilons[0] != 0 or list(self.epsilons) != sorted(set(self.epsilons)):
            raise ValueError("a curve needs images, starts at epsilon 0 and has rising epsilons")
        if any(later > earlier for earlier, later in zip(self.correct, self.correct[1:])):
            raise ValueError(
                "accuracy cannot rise with epsilon: an image that fell stays fallen in a larger"
                " ball"
            )

    @classmethod
    def from_verdicts(cls, epsilons: Sequence[float], verdicts: np.ndarray) -> "RobustnessCurve":
        """Build the curve from per-example verdicts, bool (N, E), True where the image is
        still classified rightly.
        """
        nested = np.logical_and.accumulate(verdicts, axis=1)
        return cls(
            tuple(float(e) for e in epsilons),
            tuple(int(c) for c in nested.sum(axis=0)),
            len(verdicts),
        )

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Accuracy at each epsilon, fractions 0..1."""
        return tuple(count / self.n for count in self.correct)

    @property
    def clean_accuracy(self) -> float:
        """Accuracy at epsilon 0."""
        return self.accuracies[0]

    def accuracy_at(self, epsilon: float) -> float:
        """Return accuracy at `epsilon`, linear between grid points; NaN beyond the grid."""
        if epsilon > self.epsilons[-1] + 1e-9:
            return math.nan
        return float(np.interp(epsilon, self.epsilons, self.accuracies))

    @property
    def expected_robustness(self) -> float:
        """Mean accuracy for epsilon uniform on [0, the last epsilon]; clean accuracy
        when the grid is only 0.
        """
        return expected_robustness(self.epsilons, self.accuracies)

    def expected_under(self, weights: Sequence[float]) -> float:
        """Return mean accuracy for epsilon drawn from the density `weights`, one value a grid
        point; see `grid_weights`.
        """
        return expected_robustness(self.epsilons, self.accuracies, weights)

    def points(self) -> list[dict[str, Any]]:
        """Return one row an epsilon: epsilon, epsilon_255, accuracy, n, low, high
        (95 % Wilson interval).
        """
        rows = []
        for epsilon, count in zip(self.epsilons, self.correct):
            low, high = wilson_interval(count, self.n)
            rows.append(
                {
                    "epsilon": epsilon,
                    "epsilon_255": round(epsilon * PIXEL_LEVELS, 6),
                    "accuracy": count / self.n,
                    "n": self.n,
                    "low": low,
                    "high": high,
                }
            )
        return rows

    @classmethod
    def from_points(cls, rows: Sequence[dict[str, Any]]) -> "RobustnessCurve":
        """Rebuild a curve from `points()`."""
        return cls(
            tuple(row["epsilon"] for row in rows),
            tuple(round(row["accuracy"] * row["n"]) for row in rows),
            rows[0]["n"],
        )


def expected_robustness(
    epsilons: Sequence[float], accuracies: Sequence[float], weights: Sequence[float] | None = None
) -> float:
    """Return (1 / target) times the integral of accuracy over [0, target] by the trapezoid,
    clean point included.

    With `weights`, a density over epsilon given at the grid points, it is the mean accuracy under
    that density, by the same trapezoid: always between the least and the greatest accuracy.
    """
    if weights is not None:
        return float(grid_weights(epsilons, weights) @ np.asarray(accuracies, dtype=float))
    if len(epsilons) == 1:
        return float(accuracies[0])
    return float(np.trapezoid(accuracies, epsilons) / (epsilons[-1] - epsilons[0]))


def grid_weights(epsilons: Sequence[float], weights: Sequence[float] | None = None) -> np.ndarray:
    """Return what each grid point counts in expected robustness, (E,), summing to 1.

    `weights` (E,) is a density over epsilon up to a factor: at least 0, not all 0; None is the
    paper's uniform one. On an uneven grid a point counts for its density times the width it stands
    for, as in the trapezoid.
    """
    density = np.ones(len(epsilons)) if weights is None else np.asarray(weights, dtype=float)
    if (
        density.shape != (len(epsilons),)
        or not np.isfinite(density).all()
        or (density < 0).any()
        or not density.any()
    ):
        raise UserError(
            f"weights must be {len(epsilons)} finite numbers of at least 0, one for each epsilon"
            f" and not all 0, got {density.tolist()}"
        )
    gaps = np.diff(np.asarray(epsilons, dtype=float))
    widths = np.append(gaps, 0.0) + np.append(0.0, gaps) if len(gaps) else np.ones(1)
    mass = density / density.max() * widths
    return mass / mass.sum()


def all_weight_on(epsilons: Sequence[float], epsilon: float) -> np.ndarray:
    """Return the Dirac density (E,) at the grid point `epsilon`: at 0 the clean accuracy, at the
    target the worst case.
    """
    weights = np.zeros(len(epsilons))
    weights[grid_index(epsilons, epsilon)] = 1.0
    return weights


def grid_index(epsilons: Sequence[float], epsilon: float) -> int:
    """Return the position of `epsilon` in the grid; a UserError names the grid
    when it is not there.
    """
    near = np.flatnonzero(np.isclose(epsilons, epsilon, rtol=0, atol=1e-9))
    if not len(near):
        raise UserError(
            f"epsilon {format_epsilon(epsilon)} was not evaluated; the grid has"
            f" {', '.join(format_epsilon(e) for e in epsilons)}"
        )
    return int(near[0])


def expected_verdicts(
    epsilons: Sequence[float], verdicts: np.ndarray, weights: Sequence[float] | None = None
) -> np.ndarray:
    """Return each image's own expected robustness, fractions (N,), from its verdicts, bool (N, E).

    Their mean is the expected robustness of the curve, so two runs can be compared
    on it image by image.
    """
    return np.logical_and.accumulate(verdicts, axis=1) @ grid_weights(epsilons, weights)


def wilson_interval(correct: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval (Wilson 1927) of a proportion,
    fractions; 95 % by default.
    """
    share, spread = correct / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, centre - half) if correct else 0.0, (
        min(1.0, centre + half) if correct < n else 1.0
    )
