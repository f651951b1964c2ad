"""rft_core.report.evaluation.sentences: what is said beside the run's own report is
measured on the same grid.
"""

import pytest

from rft_core.metrics.curve import RobustnessCurve
from rft_core.report.evaluation.sentences import (
    VERDICTS,
    describe_attacks,
    describe_verdict,
    is_same_grid,
)
from rft_core.spec.measured_by import attack_measured_by

OWN = RobustnessCurve((0.0, 2 / 255, 4 / 255, 8 / 255), (10, 4, 2, 1), 20)


OWN_BY = attack_measured_by("pgd", steps=10, n=20)


def answer(epsilons, correct, attack="fab", steps=20, n=20) -> dict:
    curve = RobustnessCurve(tuple(epsilons), tuple(correct), n)
    asked = {"attack": attack, "steps": steps, "images": n}
    return asked | {
        "norm": "linf",
        "curve": curve.points(),
        "expected_robustness": curve.expected_robustness,
    }


def test_on_the_same_grid_expected_robustness_stands_beside_the_runs_own():
    said = describe_attacks(OWN, OWN_BY, answer(OWN.epsilons, (10, 2, 1, 0)))
    assert said.startswith(
        "Under FAB, smallest perturbation, 20 steps, 1 restart, 0.0 % of 20 images hold at 8/255"
    )
    assert "expected robustness 10.6 %" in said
    assert said.endswith("The run's own report (PGD-10, n 20) says 5.0 % and 16.2 %.")


@pytest.mark.parametrize(
    ("changes", "is_subtracted"),
    [({}, True), ({"steps": 20}, False), ({"attack": "apgd"}, False), ({"n": 40}, False)],
)
@pytest.mark.parametrize("epsilons", [OWN.epsilons, (0.0, 4 / 255, 8 / 255)])
def test_only_accuracies_of_one_attack_on_as_many_images_are_subtracted(
    changes, is_subtracted, epsilons
):
    made = answer(
        epsilons, (10, 2, 1, 0)[: len(epsilons)], **{"attack": "pgd", "steps": 10} | changes
    )
    said = describe_attacks(OWN, OWN_BY, made)
    assert ("points" in said) is is_subtracted
    assert "(PGD-10, n 20)" in said


def test_on_a_coarser_grid_only_shared_epsilons_are_compared():
    """The same model on fewer epsilons has a larger trapezoid, which is no robustness."""
    coarse = answer((0.0, 4 / 255, 8 / 255), (10, 2, 1))
    assert coarse["expected_robustness"] > OWN.expected_robustness
    said = describe_attacks(OWN, OWN_BY, coarse)
    assert "18." not in said
    assert "10.0 % at 4/255, 5.0 % at 8/255" in said
    assert "expected robustness is not compared" in said


def test_a_grid_that_shares_nothing_says_so():
    assert "no epsilon above 0 is shared" in describe_attacks(
        OWN, OWN_BY, answer((0.0, 3 / 255), (10, 3))
    )


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ((0.0, 1 / 255), True),
        ((0.0, 1 / 255 + 1e-12), True),
        ((0.0, 2 / 255), False),
        ((0.0,), False),
    ],
)
def test_two_grids_are_the_same(other, wanted):
    assert is_same_grid((0.0, 1 / 255), other) is wanted


@pytest.mark.parametrize(
    ("held", "level", "wanted"),
    [(0, "green", "none"), (1, "green", "green"), (0, "amber", "amber"), (0, "red", "red")],
)
def test_green_checks_vouch_for_nothing_where_nothing_holds(held, level, wanted):
    points = answer((0.0, 8 / 255), (10, held))["curve"]
    found, said = describe_verdict({"level": level, "epsilon": 8 / 255}, points, "8/255")
    assert found == wanted
    assert said == (
        "There is no robustness to check at 8/255: no image holds there, so green checks confirm"
        " nothing."
        if wanted == "none"
        else VERDICTS[level]
    )
