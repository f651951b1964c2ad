"""RobustnessCurve: accuracy at rising epsilons, with intervals, and expected robustness.

Source: Ngnawé et al., ICLR 2026, section 3 (expected robustness, estimated by the trapezoid on a grid of 1/255).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rft_core.units import PIXEL_LEVELS

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class RobustnessCurve:
    """Correct predictions among `n` images at each of `epsilons` (pixel scale, from 0 upwards, never rising)."""

    epsilons: tuple[float, ...]
    correct: tuple[int, ...]
    n: int

    def __post_init__(self):
        if len(self.epsilons) != len(self.correct) or not self.epsilons:
            raise ValueError("a curve needs one count for each epsilon")
        if self.n < 1 or self.epsilons[0] != 0 or list(self.epsilons) != sorted(set(self.epsilons)):
            raise ValueError("a curve needs images, starts at epsilon 0 and has rising epsilons")
        if any(later > earlier for earlier, later in zip(self.correct, self.correct[1:])):
            raise ValueError("accuracy cannot rise with epsilon: an image that fell stays fallen in a larger ball")

    @classmethod
    def from_verdicts(cls, epsilons: Sequence[float], verdicts: np.ndarray) -> "RobustnessCurve":
        """Build the curve from per-example verdicts, bool (N, E), True where the image is still classified rightly."""
        nested = np.logical_and.accumulate(verdicts, axis=1)
        return cls(tuple(float(e) for e in epsilons), tuple(int(c) for c in nested.sum(axis=0)), len(verdicts))

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
        """Mean accuracy for epsilon uniform on [0, the last epsilon]; clean accuracy when the grid is only 0."""
        return expected_robustness(self.epsilons, self.accuracies)

    def points(self) -> list[dict[str, Any]]:
        """Return one row an epsilon: epsilon, epsilon_255, accuracy, n, low, high (95 % Wilson interval)."""
        rows = []
        for epsilon, count in zip(self.epsilons, self.correct):
            low, high = wilson_interval(count, self.n)
            rows.append(
                {"epsilon": epsilon, "epsilon_255": round(epsilon * PIXEL_LEVELS, 6), "accuracy": count / self.n, "n": self.n, "low": low, "high": high}
            )
        return rows

    @classmethod
    def from_points(cls, rows: Sequence[dict[str, Any]]) -> "RobustnessCurve":
        """Rebuild a curve from `points()`."""
        return cls(tuple(row["epsilon"] for row in rows), tuple(round(row["accuracy"] * row["n"]) for row in rows), rows[0]["n"])


def expected_robustness(epsilons: Sequence[float], accuracies: Sequence[float]) -> float:
    """Return (1 / target) times the integral of accuracy over [0, target] by the trapezoid, clean point included."""
    if len(epsilons) == 1:
        return float(accuracies[0])
    return float(np.trapezoid(accuracies, epsilons) / (epsilons[-1] - epsilons[0]))


def wilson_interval(correct: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval (Wilson 1927) of a proportion, fractions; 95 % by default."""
    share, spread = correct / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, centre - half) if correct else 0.0, min(1.0, centre + half) if correct < n else 1.0
