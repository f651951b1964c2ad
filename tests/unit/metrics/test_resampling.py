"""rft_core.metrics.resampling: the bootstrap over test images."""

import numpy as np
import pytest

from rft_core.metrics import resampling
from rft_core.metrics.resampling import basic_interval, percentile_interval, resampled_means

VALUES = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.5, 0.5]])


def test_columns_stay_paired():
    means = resampled_means(VALUES, np.random.default_rng(0), 50)
    assert means.shape == (50, 2)
    assert means.sum(axis=1) == pytest.approx(np.ones(50))


def test_same_distribution_as_drawing_row_numbers():
    ours = resampled_means(VALUES, np.random.default_rng(1), 40_000)
    rows = np.random.default_rng(2).integers(0, 4, size=(40_000, 4))
    plain = VALUES[rows].mean(axis=1)
    assert ours.mean(axis=0) == pytest.approx(plain.mean(axis=0), abs=4e-3)
    assert ours.std(axis=0) == pytest.approx(plain.std(axis=0), abs=4e-3)


@pytest.mark.parametrize("most", [1, 7, 10_000])
def test_drawing_in_blocks_changes_nothing(most, monkeypatch):
    whole = resampled_means(VALUES, np.random.default_rng(3), 25)
    monkeypatch.setattr(resampling, "MOST_DRAWS_AT_ONCE", most)
    assert resampled_means(VALUES, np.random.default_rng(3), 25).tolist() == whole.tolist()


def test_intervals_by_hand():
    replicates = np.linspace(0.0, 1.0, 101)
    assert percentile_interval(0.3, replicates, 0.9) == pytest.approx((0.05, 0.95))
    # mirrored at .6: 1.2 - .95 and 1.2 - .05
    assert basic_interval(0.6, replicates, 0.9) == pytest.approx((0.25, 1.15))


def test_intervals_hold_their_estimate():
    assert percentile_interval(2.0, np.linspace(0.0, 1.0, 101), 0.9)[1] == 2.0
    assert basic_interval(2.0, np.full(10, 2.5), 0.9) == (1.5, 2.0)
