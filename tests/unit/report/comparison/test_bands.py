"""rft_core.report.comparison.bands: means over runs that were measured at the same places or not,
and what their bands are.
"""

import numpy as np
import pytest
from scipy import stats

from rft_core.errors import UnknownNameError
from rft_core.report.comparison.bands import mean_band, thin


def test_mean_and_sample_deviation_at_shared_places():
    band = mean_band([([0, 1], [10, 20]), ([0, 1], [14, 30]), ([0, 1], [12, 40])])
    assert band.n == 3
    assert list(band.mean) == [12, 30]
    np.testing.assert_allclose(band.high - band.mean, [2, 10])
    np.testing.assert_allclose(band.mean - band.low, [2, 10])


def test_the_interval_is_students():
    values = np.array([[10.0], [14.0], [12.0]])
    band = mean_band([([0], row) for row in values], "interval")
    low, high = stats.t.interval(0.95, 2, loc=12, scale=stats.sem(values[:, 0]))
    assert (band.low[0], band.high[0]) == (
        pytest.approx(low, rel=1e-6),
        pytest.approx(high, rel=1e-6),
    )


def test_one_run_has_no_band():
    band = mean_band([([0, 5], [1, 2])])
    assert (band.low, band.high, band.n) == (None, None, 1)
    assert list(band.x) == [0, 5]


def test_other_places_are_interpolated_and_nothing_is_extrapolated():
    band = mean_band([([0, 10], [0, 100]), ([2, 4, 20], [0, 20, 180])])
    assert list(band.x) == [2, 4, 10]
    np.testing.assert_allclose(band.mean, [(20 + 0) / 2, (40 + 20) / 2, (100 + 80) / 2])


def test_runs_that_share_no_stretch_have_no_mean():
    assert len(mean_band([([0, 1], [1, 1]), ([5, 6], [2, 2])]).x) == 0


def test_empty_lines_do_not_count():
    assert mean_band([([], []), ([1], [5])]).n == 1
    assert mean_band([([], [])]).n == 0


def test_at_most_500_points():
    long = np.arange(4000.0)
    band = mean_band([(long, long), (long, long)])
    assert len(band.x) == 500
    assert (band.x[0], band.x[-1]) == (0, 3999)
    assert band.mean.dtype == np.float32
    assert list(thin(3)) == [0, 1, 2]


def test_an_unknown_band():
    with pytest.raises(UnknownNameError, match="did you mean 'interval'"):
        mean_band([([0], [1])], "intervall")
