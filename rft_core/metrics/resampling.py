"""The bootstrap over test images, shared by every interval that is not a textbook formula.

Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13
(percentile interval); Davison and Hinkley, "Bootstrap Methods and their Application" (1997),
section 5.2 (basic interval).
"""

import numpy as np

# bounds memory: 32 MB of counts
MOST_DRAWS_AT_ONCE = 4_000_000


def resampled_means(
    values: np.ndarray, generator: np.random.Generator, resamples: int
) -> np.ndarray:
    """Return the column means of `values` (N, D), bool or float, in `resamples` bootstrap draws
    of its N rows: (R, D).

    All columns of a draw see the same rows, so whatever is paired in `values` stays paired. Rows
    that are equal are interchangeable: drawing how often each distinct row occurs (a multinomial)
    has the same distribution as drawing row numbers, and verdicts have few distinct rows.
    """
    distinct, counts = np.unique(np.asarray(values, dtype=float), axis=0, return_counts=True)
    n, shares = int(counts.sum()), counts / counts.sum()
    block = max(1, MOST_DRAWS_AT_ONCE // len(counts))
    sizes = [min(block, resamples - done) for done in range(0, resamples, block)]
    return (
        np.concatenate([generator.multinomial(n, shares, size=size) @ distinct for size in sizes])
        / n
    )


def percentile_interval(
    estimate: float, replicates: np.ndarray, level: float
) -> tuple[float, float]:
    """Return the central `level` share of `replicates` (R,), widened where
    needed to hold `estimate`.

    For means, which the bootstrap reproduces without bias; there the widening only corrects
    rounding.
    """
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return min(float(low), estimate), max(float(high), estimate)


def basic_interval(estimate: float, replicates: np.ndarray, level: float) -> tuple[float, float]:
    """Return the percentile interval of `replicates` (R,) mirrored at `estimate`, widened
    where needed to hold it.

    For biased statistics: what leans upwards from the truth to the estimate leans as much from
    the estimate to the resamples, so mirroring takes the lean out where the percentile
    interval counts it twice.
    """
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return min(float(2 * estimate - high), estimate), max(float(2 * estimate - low), estimate)
