"""rft_core.cost.schedule_demand: what a schedule asks for over training."""

import pytest

from rft_core.cost.schedule_demand import attacked_share, may_attack, never_attacks
from rft_core.spec.run_spec import RunSpec, with_settings

SILENT = [(0.0, 0.0), (1.0, 0.0)]
LATE = [(0.0, 0.0), (0.9, 0.0), (1.0, 1.0)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"schedule.kind": "constant"}, False),
        ({"objective.kind": "natural"}, True),
        ({"threat.epsilon": 0}, True),
        ({"schedule.kind": "custom", "schedule.points": SILENT}, True),
        ({"schedule.kind": "custom", "schedule.points": LATE}, False),
        ({"schedule.kind": "auto"}, False),
        # patience 5 needs 6 epochs and one more
        ({"schedule.kind": "auto", "optim.epochs": 6}, True),
        ({"schedule.ramp_start": 1, "schedule.ramp_end": 1}, True),
    ],
)
def test_a_run_that_never_attacks(changes, expected):
    spec = with_settings(RunSpec(), changes)
    assert never_attacks(spec) is expected
    assert (attacked_share(spec) == 0) is expected


def test_objective_and_target_decide_whether_there_is_anything_to_attack_for():
    assert may_attack(RunSpec())
    assert not may_attack(with_settings(RunSpec(), {"objective.kind": "natural"}))
    assert not may_attack(with_settings(RunSpec(), {"threat.epsilon": 0}))
