"""EpsilonSchedule: the engine's own budgets, step by step, for a loop of one's own."""

import pytest

from rft_core.engine import FolderReporter, execute
from rft_core.errors import UserError
from rft_core.spec.epsilon_schedule import EpsilonSchedule
from tests import tiny


def test_it_gives_the_budgets_of_a_run(tmp_path):
    settings = {"ramp_start": 0.2, "ramp_end": 0.9, "granularity": "epoch"}
    spec = tiny.run_spec(**{f"schedule__{name}": value for name, value in settings.items()})
    reporter = FolderReporter(tmp_path)
    execute(spec, reporter)
    rows = [event for event in reporter.events if event["kind"] == "train"]
    per_epoch = len(rows) // spec.optim.epochs
    schedule = EpsilonSchedule(
        spec.schedule.kind,
        epsilon=spec.threat.epsilon,
        epochs=spec.optim.epochs,
        steps_per_epoch=per_epoch,
        seed=spec.seed,
        **settings,
    )
    assert schedule.total_steps == len(rows)
    assert [schedule.epsilon_at(row["step"]) for row in rows] == [row["epsilon"] for row in rows]
    assert len({row["epsilon"] for row in rows}) > 1


def test_the_papers_ramp():
    schedule = EpsilonSchedule(epsilon="4/255", epochs=4, steps_per_epoch=2)
    assert [round(255 * schedule.epsilon_at(step), 9) for step in range(9)] == [
        0,
        0,
        0,
        1,
        2,
        3,
        4,
        4,
        4,
    ]


def test_auto_waits_for_validation():
    schedule = EpsilonSchedule("auto", epochs=20, steps_per_epoch=1, patience=2)
    assert schedule.factor_at(10, (0.1, 0.4, 0.8)) == 0
    assert schedule.factor_at(10, (0.8, 0.8, 0.8)) > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "two_hing"}, "did you mean 'two_hinge'?"),
        ({"epsilon": 8}, "did you mean 8/255?"),
        ({"ramp_start": 0.9}, "schedule.ramp_end must be at least ramp_start"),
        ({"ramp": 0.9}, "unknown setting 'schedule.ramp'"),
        ({"epochs": 0}, "at least one epoch of one step"),
    ],
)
def test_a_mistake_is_said(settings, message):
    with pytest.raises(UserError) as raised:
        EpsilonSchedule(**{"epochs": 2, "steps_per_epoch": 5} | settings)
    assert message in str(raised.value)


@pytest.mark.parametrize("step", [-1, 11])
def test_a_step_beyond_the_plan_is_said(step):
    schedule = EpsilonSchedule(epochs=2, steps_per_epoch=5)
    with pytest.raises(UserError, match="outside the 10 steps"):
        schedule.epsilon_at(step)
