"""Several runs as one line: their mean over a shared x axis, with a band that shows their
spread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rft_core.errors import UnknownNameError
from rft_core.metrics.significance import student_quantile

MOST_POINTS = 500
BANDS = MappingProxyType(
    {
        "deviation": "mean ± standard deviation",
        "interval": "mean with its 95 % interval (Student's t)",
    }
)


@dataclass(frozen=True)
class Band:
    """The mean of `n` lines at `x`, and the edges of its band; a single line has no band.

    All arrays are float32 (P,).
    """

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    n: int


def mean_band(lines: Sequence[tuple[np.ndarray, np.ndarray]], kind: str = "deviation") -> Band:
    """Return the mean of `lines`, pairs (x, y) with rising x, and its band of `kind`:
    "deviation" or "interval".

    Lines measured at the same x are averaged there. Others are interpolated linearly and averaged
    at every x of any line, within the range that all of them cover: nothing is extrapolated, and n
    is the same everywhere. The deviation is the sample's (n - 1); the interval
    is the t interval of the mean. Empty lines are left out.
    """
    if kind not in BANDS:
        raise UnknownNameError("band", kind, list(BANDS))
    lines = [(np.asarray(x, dtype=float), np.asarray(y, dtype=float)) for x, y in lines if len(x)]
    if not lines:
        nothing = np.zeros(0, np.float32)
        return Band(nothing, nothing, None, None, 0)
    x = _shared_x([x for x, _ in lines])
    values = np.stack([np.interp(x, *line) for line in lines])
    mean, n = values.mean(axis=0), len(lines)
    half = _half_width(values, kind) if n > 1 else None
    low, high = (None, None) if half is None else (_single(mean - half), _single(mean + half))
    return Band(_single(x), _single(mean), low, high, n)


def thin(count: int, most: int = MOST_POINTS) -> np.ndarray:
    """Return at most `most` indices of 0 .. count - 1, evenly spread, including the first and the
    last.
    """
    return (
        np.arange(count)
        if count <= most
        else np.unique(np.linspace(0, count - 1, most).round().astype(int))
    )


def _shared_x(grids: list[np.ndarray]) -> np.ndarray:
    if all(np.array_equal(grid, grids[0]) for grid in grids):
        return grids[0][thin(len(grids[0]))]
    low, high = max(grid[0] for grid in grids), min(grid[-1] for grid in grids)
    every = np.unique(np.concatenate(grids))
    within = every[(every >= low) & (every <= high)]
    return within[thin(len(within))]


def _half_width(values: np.ndarray, kind: str) -> np.ndarray:
    deviation = values.std(axis=0, ddof=1)
    if kind == "deviation":
        return deviation
    return student_quantile(len(values)) * deviation / np.sqrt(len(values))


def _single(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)
