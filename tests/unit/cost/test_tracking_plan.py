"""rft_core.cost.tracking_plan: when a run is measured while it trains, within a
bound on what that costs.
"""

import gzip
import json
from math import floor

import pytest

from rft_core.cost.tracking_plan import (
    Sizes,
    evaluation_steps,
    final_cost,
    measurement_cost,
    most_measurements,
    paper_steps,
    planned_count,
    planned_steps,
    requested_count,
    steps_per_epoch,
    thinned,
    training_cost,
)
from rft_core.errors import SettingError
from rft_core.recordings.reading import RECORDED
from rft_core.spec.run_spec import RunSpec, parse, with_settings

SIZES = Sizes(train=640, tracked=100, test=200)
KINDS = ("dense_early", "paper", "every_epoch")


def spec(**changes) -> RunSpec:
    base = {
        "optim.epochs": 20,
        "evaluation.examples": 0,
        "attack.steps": 3,
        "evaluation.attack": "pgd",
        "evaluation.steps": 10,
        "evaluation.tracking": 30,
    }
    return with_settings(
        RunSpec(), base | {name.replace("__", "."): value for name, value in changes.items()}
    )


def share(bounded: RunSpec, sizes: Sizes, attacked: float) -> float:
    tracked = len(planned_steps(bounded, sizes, attacked)) * measurement_cost(
        bounded, sizes, attacked
    )
    return tracked / (
        tracked + training_cost(bounded, sizes, attacked) + final_cost(bounded, sizes, attacked)
    )


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [
        (100, 2, (0, 100)),
        (100, 3, (0, 25, 100)),
        (100, 5, (0, 6, 25, 56, 100)),
        (1, 12, (0, 1)),
        (3, 12, (0, 1, 2, 3)),
    ],
)
def test_evaluation_steps(total, count, expected):
    assert evaluation_steps(total, count) == expected


@pytest.mark.parametrize("total", [1, 10, 333, 100_000])
@pytest.mark.parametrize("count", [2, 12, 1000])
def test_dense_early_then_sparse(total, count):
    steps = evaluation_steps(total, count)
    assert steps[0] == 0
    assert steps[-1] == total
    assert len(steps) <= count
    assert list(steps) == sorted(set(steps))
    gaps = [later - earlier for earlier, later in zip(steps, steps[1:])]
    assert gaps[-1] >= gaps[0]


def test_the_papers_steps():
    steps = paper_steps(7040)
    assert steps[:3] == (0, 50, 100)
    assert steps[13:] == (650, 700, 1000, 2000, 3000, 6000, 7040)
    assert paper_steps(120) == (0, 50, 100, 120)


def test_every_epoch_measures_between_epochs():
    assert planned_steps(
        spec(evaluation__tracking_kind="every_epoch", optim__epochs=3, optim__batch_size=160),
        SIZES,
        1.0,
    ) == (0, 4, 8, 12)


def test_the_costs_in_closed_form():
    """20 epochs of 640 images at 1.5 an update and 3 an attack; a curve is 1.5 attacks of 10
    steps and one prediction.
    """
    assert training_cost(spec(), SIZES, 1.0) == 640 * 20 * 4.5
    assert training_cost(spec(), SIZES, 0.5) == 640 * 20 * 3.0
    assert measurement_cost(spec(), SIZES, 1.0) == pytest.approx(100 * (15 + 1 / 3))
    assert measurement_cost(spec(evaluation__examples=6), SIZES, 1.0) == pytest.approx(
        100 * (15 + 1 / 3) + 6 * (10 + 2 / 3)
    )
    assert final_cost(spec(), SIZES, 1.0) == pytest.approx(200 * (15 + 1 / 3))
    # three targets add .6 of the attacks each
    assert final_cost(spec(evaluation__attack="apgd_ce_t"), SIZES, 1.0) == pytest.approx(
        200 * (15 * 2.8 + 1 / 3)
    )
    shifted = measurement_cost(
        spec(evaluation__track_shifts=True), Sizes(640, 100, 200, domains=2), 1.0
    )
    assert shifted == pytest.approx(100 * (15 + 1 / 3) + (64 * 16 + 64 * 2) / 3)


@pytest.mark.parametrize(
    ("bound", "expected"), [(1.0, 30), (0.5, 30), (0.2, 9), (0.1, 4), (0.01, 2)]
)
def test_the_number_of_measurements_in_closed_form(bound, expected):
    """The rest costs 57,600 + 3,066.7 and a measurement 1,533.3: at a share s there is room for s /
    (1 - s) 39.57 of them.
    """
    wanted = spec(evaluation__tracking_share=bound)
    assert planned_steps(wanted, SIZES, 1.0) == evaluation_steps(200, expected)
    assert most_measurements(wanted, SIZES, 1.0) == (
        None
        if bound == 1
        else max(2, floor(bound / (1 - bound) * (57_600 + 200 * 46 / 3) / (100 * 46 / 3)))
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bound", [0.05, 0.1, 0.2, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("attacked", [0.0, 0.4, 1.0])
def test_no_plan_is_above_its_bound_and_none_leaves_more_out_than_it_must(kind, bound, attacked):
    wanted = spec(
        evaluation__tracking_kind=kind, evaluation__tracking_share=bound, optim__epochs=60
    )
    free = with_settings(wanted, {"evaluation.tracking_share": 1.0})
    steps, asked = planned_steps(wanted, SIZES, attacked), planned_steps(free, SIZES, attacked)
    assert (steps[0], steps[-1]) == (0, 600) == (asked[0], asked[-1])
    assert len(steps) == planned_count(wanted, SIZES, attacked)
    assert len(asked) == planned_count(free, SIZES, attacked) == requested_count(wanted, 600)
    assert list(steps) == sorted(set(steps))
    assert share(wanted, SIZES, attacked) <= bound or len(steps) == 2
    if len(steps) < len(asked):
        assert (len(steps) + 1) * measurement_cost(wanted, SIZES, attacked) > bound * (
            (len(steps) + 1) * measurement_cost(wanted, SIZES, attacked)
            + training_cost(wanted, SIZES, attacked)
            + final_cost(wanted, SIZES, attacked)
        )
    if kind != "dense_early":
        assert set(steps) <= set(asked)


@pytest.mark.parametrize("kind", KINDS)
def test_the_count_of_the_longest_run_takes_no_memory(kind):
    longest = spec(evaluation__tracking_kind=kind, optim__epochs=100_000, optim__batch_size=1)
    assert planned_count(longest, Sizes(10_000_000, 100, 200), 0.0) == {
        "dense_early": 30,
        "every_epoch": 100_001,
    }.get(kind, 166_666_666 + 19)


@pytest.mark.parametrize("total", [1, 49, 50, 700, 720, 1000, 3000, 6000, 6001, 30_000])
def test_the_papers_steps_are_counted_as_they_are_made(total):
    assert requested_count(spec(evaluation__tracking_kind="paper"), total) == len(
        paper_steps(total)
    )


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (2, (0, 9)),
        (3, (0, 4, 9)),
        (4, (0, 3, 6, 9)),
        (10, tuple(range(10))),
        (99, tuple(range(10))),
    ],
)
def test_thinned(most, expected):
    assert thinned(range(10), most) == expected


def test_images_that_do_not_fill_a_batch_sit_out():
    assert (steps_per_epoch(130, 64), steps_per_epoch(3, 64)) == (2, 1)


def test_a_spec_from_before_the_setting_has_no_bound():
    raw = json.loads(gzip.decompress((RECORDED / "fixed.json.gz").read_bytes()))["spec"]
    del raw["evaluation"]["tracking_share"]
    old = parse(raw)
    assert old.evaluation.tracking_share == 1.0
    assert most_measurements(old, SIZES, 1.0) is None


@pytest.mark.parametrize("bound", [0, 0.001, 1.01, -1, True, None])
def test_a_bound_outside_its_range_is_refused(bound):
    with pytest.raises(SettingError, match="evaluation.tracking_share"):
        spec(evaluation__tracking_share=bound)


def test_an_attack_of_fixed_steps_is_counted_with_its_own():
    """FGSM takes one step, whatever attack.steps says."""
    fgsm, pgd = (
        training_cost(spec(**{"attack.kind": kind, "attack.steps": 7}), SIZES, 1.0)
        for kind in ("fgsm", "pgd")
    )
    assert pgd - fgsm == 6 * SIZES.train * 20
