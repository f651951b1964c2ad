"""Is the difference between two runs more than luck? Pairs of verdicts on the same images,
and means over seeds.

Two runs judged on the same test images are compared image by image: the images that both get right
or both get wrong say nothing, so the interval is far narrower than that of two separate accuracies.
It covers the choice of test images only; how much a run moves with its training seed is for
`mean_interval`. Sources: Efron and Tibshirani 1993, chapter 13 (bootstrap); McNemar 1947, exact
form (a sign test on the discordant pairs); Student's t interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rft_core.errors import UserError
from rft_core.metrics.resampling import percentile_interval, resampled_means

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class PairedDifference:
    """Mean of first minus second over `n` shared images, in fractions, with its
    interval at `level`.

    `only_first` and `only_second` count the images that just one run got right, and `p_value` is
    McNemar's exact two-sided one; all three are None for scores that are not verdicts.
    """

    difference: float
    low: float
    high: float
    n: int
    level: float
    only_first: int | None
    only_second: int | None
    p_value: float | None

    @property
    def is_significant(self) -> bool:
        """The interval leaves out 0 and, for verdicts, the exact p-value is below .05 (with few
        discordant images it decides).
        """
        return (self.low > 0 or self.high < 0) and (
            self.p_value is None or self.p_value < SIGNIFICANCE
        )

    def sentence(self, where: str) -> str:
        """Say it in one sentence; `where` is "at 8/255" or "in expected robustness"."""
        return describe_difference(self.difference, self.low, self.high, where, self.level)


@dataclass(frozen=True)
class SeedMean:
    """Mean of a metric over `n` seeds, its sample standard deviation, and the t
    interval of the mean.

    One seed says nothing about spread: `deviation`, `low` and `high` are then NaN.
    """

    mean: float
    deviation: float
    low: float
    high: float
    n: int


def paired_difference(
    first: np.ndarray,
    second: np.ndarray,
    *,
    generator: np.random.Generator,
    digests: tuple[str, str] | None = None,
    resamples: int = 10_000,
    level: float = 0.95,
) -> PairedDifference:
    """Return the mean difference first minus second on the same images, with its
    paired bootstrap interval.

    `first` and `second` hold one value an image, (N,): verdicts (bool) at one epsilon, or
    scores such as `curve.expected_verdicts`. `digests` are the digests of the two runs' test
    images; they must be equal.
    """
    first, second = np.asarray(first), np.asarray(second)
    _check_pair(first, second, digests)
    differences = first.astype(float) - second.astype(float)
    estimate = float(differences.mean())
    replicates = resampled_means(differences[:, None], generator, resamples)[:, 0]
    low, high = percentile_interval(estimate, replicates, level)
    return PairedDifference(estimate, low, high, len(first), level, *_discordant(first, second))


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Return McNemar's exact two-sided p-value of the discordant counts: a fair coin's, 1
    when there are none.

    Twice the smaller tail of the binomial, summed in whole numbers, so nothing is rounded
    before the last division.
    """
    discordant = only_first + only_second
    tail = ways = 1
    for count in range(min(only_first, only_second)):
        ways = ways * (discordant - count) // (count + 1)
        tail += ways
    return min(1.0, 2 * tail / 2**discordant)


def mean_interval(values: Sequence[float], level: float = 0.95) -> SeedMean:
    """Return the mean of one value a seed and its t interval, which assumes that values
    spread about normally.

    For two methods trained with the same seeds, pass their differences. Two or three seeds give
    very wide intervals (t is 12.7 and 4.3), and rightly so. The interval is not cut at 0 or 1.
    """
    sample = np.asarray(values, dtype=float)
    if not sample.size or not np.isfinite(sample).all():
        raise UserError(f"a mean over seeds needs at least one finite value, got {sample.tolist()}")
    mean, n = float(sample.mean()), len(sample)
    if n == 1:
        return SeedMean(mean, math.nan, math.nan, math.nan, 1)
    deviation = float(sample.std(ddof=1))
    half = student_quantile(n, level) * deviation / math.sqrt(n)
    return SeedMean(mean, deviation, mean - half, mean + half, n)


def student_quantile(n: int, level: float = 0.95) -> float:
    """Return by how many standard errors the t interval of a mean of `n` >= 2 values
    reaches to each side.
    """
    # scipy takes half a second to load, and a page that has no band should not wait for it
    from scipy import special

    return float(special.stdtrit(n - 1, (1 + level) / 2))


def describe_difference(
    difference: float, low: float, high: float, where: str, level: float = 0.95
) -> str:
    """Say a difference (fractions) and its interval in one sentence; `where` is "at 8/255" or "in
    expected robustness".
    """
    return (
        f"the difference {where} is {_points(difference)} points, {100 * level:g} % interval"
        f" {_points(low)} to {_points(high)}"
    )


def _check_pair(first: np.ndarray, second: np.ndarray, digests: tuple[str, str] | None) -> None:
    if digests and digests[0] != digests[1]:
        raise UserError(
            f"the two runs were measured on different test images ({digests[0]} and {digests[1]});"
            " evaluate both on the same ones"
        )
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise UserError(
            f"a paired difference needs one value an image from each run, got shapes {first.shape}"
            f" and {second.shape}; use the same eval_size"
        )


def _discordant(
    first: np.ndarray, second: np.ndarray
) -> tuple[int | None, int | None, float | None]:
    if first.dtype != bool or second.dtype != bool:
        return None, None, None
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    return only_first, only_second, mcnemar_p_value(only_first, only_second)


def _points(fraction: float) -> str:
    # adding 0 turns -0.0, which would read as a loss, into 0.0
    return f"{round(100 * fraction, 1) + 0.0:.1f}"
