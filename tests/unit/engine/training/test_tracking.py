"""rft_core.engine.training.tracking: when a run is measured, and at which epsilons."""

import pytest

from rft_core.cost.known_sizes import known_sizes
from rft_core.cost.run_cost import estimate
from rft_core.cost.schedule_demand import attacked_share
from rft_core.cost.tracking_plan import planned_steps
from rft_core.engine.execution import execute, prepare
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.training.tracking import plan, tracked_epsilons
from rft_core.spec.run_spec import with_settings
from tests import tiny


@pytest.mark.parametrize(
    ("epsilons", "expected"),
    [
        ([0], (0,)),
        ([0, 0.1], (0, 0.1)),
        ([n / 255 for n in range(9)], tuple(n / 255 for n in (0, 2, 4, 6, 8))),
    ],
)
def test_tracked_epsilons(epsilons, expected):
    assert tracked_epsilons(tiny.run_spec(evaluation__epsilons=epsilons)) == pytest.approx(expected)


def test_at_most_five_from_0_to_the_target():
    for levels in range(1, 40):
        found = tracked_epsilons(
            tiny.run_spec(evaluation__epsilons=None, threat__epsilon=f"{levels}/255")
        )
        assert len(found) <= 5
        assert found[0] == 0
        assert found[-1] == pytest.approx(levels / 255)


def test_a_run_keeps_its_bound(tmp_path):
    """By what it really spent, images times steps; and the page foresees the same measurements."""
    wanted = tiny.run_spec(
        data__train_size=None,
        data__eval_size=100,
        schedule__kind="constant",
        attack__steps=3,
        evaluation__steps=5,
        evaluation__tracking=20,
    )
    bounded, reporter = (
        with_settings(wanted, {"evaluation.tracking_share": 0.2}),
        FolderReporter(tmp_path),
    )
    report = execute(bounded, reporter)
    measured = [event for event in reporter.events if event["kind"] == "eval"]
    steps = tuple(event["step"] for event in measured)
    assert (
        steps
        == plan(prepare(bounded, reporter))
        == planned_steps(bounded, known_sizes(bounded), attacked_share(bounded))
    )
    assert (
        2
        < len(steps)
        == estimate(bounded).measurements
        < estimate(bounded).requested
        == len(plan(prepare(wanted, reporter)))
    )
    # each of the 70 steps takes 32 images, three attack steps and one update
    tracking = measured[-1]["gradient_evaluations"] - 70 * 32 * (3 + 1)
    assert 0 < tracking / report.gradient_evaluations < 0.2
