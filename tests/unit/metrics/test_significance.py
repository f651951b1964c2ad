"""rft_core.metrics.significance: pairs of runs and means over seeds."""

import math

import numpy as np
import pytest

from rft_core.errors import UserError
from rft_core.metrics.significance import (
    PairedDifference,
    mcnemar_p_value,
    mean_interval,
    paired_difference,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def verdicts(both, only_first, only_second, neither):
    """Two runs' verdicts on as many images as the four counts say."""
    first = np.repeat([True, True, False, False], [both, only_first, only_second, neither])
    second = np.repeat([True, False, True, False], [both, only_first, only_second, neither])
    return first, second


def test_difference_and_counts():
    found = paired_difference(*verdicts(50, 30, 10, 10), generator=rng())
    assert found.difference == pytest.approx(0.2)
    assert (found.n, found.only_first, found.only_second) == (100, 30, 10)
    assert found.is_significant


def test_interval_agrees_with_the_normal_one_of_paired_proportions():
    found = paired_difference(*verdicts(1000, 400, 250, 350), generator=rng(), resamples=40_000)
    spread = math.sqrt(650 / 2000 - 0.075**2) / math.sqrt(2000)
    assert (found.low, found.high) == pytest.approx(
        (0.075 - 1.96 * spread, 0.075 + 1.96 * spread), abs=6e-4
    )


def test_shared_verdicts_narrow_the_interval():
    paired = paired_difference(*verdicts(450, 60, 30, 460), generator=rng())
    crossed = paired_difference(*verdicts(240, 270, 240, 250), generator=rng())
    assert paired.difference == crossed.difference == pytest.approx(0.03)
    assert paired.high - paired.low < 0.5 * (crossed.high - crossed.low)
    assert paired.is_significant
    assert not crossed.is_significant


def test_interval_holds_the_truth_about_95_times_in_100():
    generator, held = rng(5), 0
    for _ in range(300):
        drawn = generator.choice(4, size=300, p=[0.4, 0.2, 0.1, 0.3])
        found = paired_difference(
            drawn <= 1, np.isin(drawn, (0, 2)), generator=generator, resamples=1000
        )
        held += found.low <= 0.1 <= found.high
    # two standard errors of a proportion of .95 among 300 are 2.5 points
    assert held / 300 == pytest.approx(0.95, abs=0.03)


def test_equal_runs():
    first, _ = verdicts(30, 20, 0, 0)
    found = paired_difference(first, first, generator=rng())
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    assert not found.is_significant


def test_few_discordant_images_are_no_evidence():
    found = paired_difference(*verdicts(96, 4, 0, 0), generator=rng())
    assert found.low > 0
    assert found.p_value == pytest.approx(0.125)
    assert not found.is_significant


def test_scores_have_no_mcnemar():
    found = paired_difference(
        np.array([0.5, 1.0, 0.25]), np.array([0.0, 0.5, 0.25]), generator=rng()
    )
    assert found.difference == pytest.approx(1 / 3)
    assert (found.only_first, found.only_second, found.p_value) == (None, None, None)


def test_same_seed_same_interval():
    pair = verdicts(50, 30, 10, 10)
    assert paired_difference(*pair, generator=rng(7)) == paired_difference(*pair, generator=rng(7))


@pytest.mark.parametrize(
    ("first", "second", "digests", "message"),
    [
        (
            np.ones(5, bool),
            np.ones(4, bool),
            None,
            r"got shapes \(5,\) and \(4,\); use the same eval_size",
        ),
        (np.ones((5, 2), bool), np.ones((5, 2), bool), None, "one value an image"),
        (np.ones(0, bool), np.ones(0, bool), None, "one value an image"),
        (
            np.ones(5, bool),
            np.ones(5, bool),
            ("aa11", "bb22"),
            r"different test images \(aa11 and bb22\)",
        ),
    ],
)
def test_what_cannot_be_paired(first, second, digests, message):
    with pytest.raises(UserError, match=message):
        paired_difference(first, second, digests=digests, generator=rng())


def test_equal_digests_pass():
    assert (
        paired_difference(
            np.ones(5, bool), np.ones(5, bool), digests=("aa11", "aa11"), generator=rng()
        ).n
        == 5
    )


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        # two tails of a fair coin: 2 / 2^5, 2 (1 + 10) / 2^10
        (5, 0, 2 / 32),
        (1, 9, 22 / 1024),
    ],
)
def test_mcnemar(only_first, only_second, p_value):
    assert mcnemar_p_value(only_first, only_second) == pytest.approx(p_value)


def test_one_sentence():
    found = PairedDifference(0.123, 0.098, 0.149, 1000, 0.95, 200, 77, 1e-9)
    assert (
        found.sentence("at 8/255")
        == "the difference at 8/255 is 12.3 points, 95 % interval 9.8 to 14.9"
    )


def test_one_sentence_never_says_minus_zero():
    found = PairedDifference(-0.0001, -0.02, 0.0199, 1000, 0.9, None, None, None)
    assert (
        found.sentence("in expected robustness")
        == "the difference in expected robustness is 0.0 points, 90 % interval -2.0 to 2.0"
    )


def test_mean_over_seeds():
    # t(.975, 2) = 4.302653; the sample standard deviation of 1, 2, 3 is 1
    found = mean_interval([0.1, 0.2, 0.3])
    assert (found.mean, found.deviation, found.n) == (pytest.approx(0.2), pytest.approx(0.1), 3)
    assert (found.low, found.high) == pytest.approx(
        (0.2 - 0.4302653 / math.sqrt(3), 0.2 + 0.4302653 / math.sqrt(3))
    )


def test_one_seed_has_no_spread():
    found = mean_interval([0.4])
    assert found.mean == 0.4
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("values", [[], [0.5, float("nan")]])
def test_no_mean(values):
    with pytest.raises(UserError, match="at least one finite value"):
        mean_interval(values)
