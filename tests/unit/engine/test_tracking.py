"""rft_core.engine.tracking: when a run is measured, and at which epsilons."""

import pytest

from rft_core.engine.tracking import evaluation_steps, paper_steps, planned_steps, tracked_epsilons
from rft_core.spec import RunSpec, with_settings
from tests import tiny


@pytest.mark.parametrize(
    ("total", "count", "expected"), [(100, 2, (0, 100)), (100, 3, (0, 25, 100)), (100, 5, (0, 6, 25, 56, 100)), (1, 12, (0, 1)), (3, 12, (0, 1, 2, 3))]
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


@pytest.mark.parametrize(("epsilons", "expected"), [([0], (0,)), ([0, 0.1], (0, 0.1)), ([n / 255 for n in range(9)], tuple(n / 255 for n in (0, 2, 4, 6, 8)))])
def test_tracked_epsilons(epsilons, expected):
    assert tracked_epsilons(tiny.run_spec(evaluation__epsilons=epsilons)) == pytest.approx(expected)


def test_at_most_five_from_0_to_the_target():
    for levels in range(1, 40):
        found = tracked_epsilons(tiny.run_spec(evaluation__epsilons=None, threat__epsilon=f"{levels}/255"))
        assert len(found) <= 5
        assert found[0] == 0
        assert found[-1] == pytest.approx(levels / 255)


def test_the_papers_steps():
    steps = paper_steps(7040)
    assert steps[:3] == (0, 50, 100)
    assert steps[13:] == (650, 700, 1000, 2000, 3000, 6000, 7040)
    assert paper_steps(120) == (0, 50, 100, 120)


def test_every_epoch_measures_between_epochs():
    spec = with_settings(RunSpec(), {"evaluation.tracking_kind": "every_epoch"}).evaluation
    assert planned_steps(spec, 12, 4) == (0, 4, 8, 12)
