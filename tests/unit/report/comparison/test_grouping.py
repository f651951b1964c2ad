"""rft_core.report.comparison.grouping: which runs share a line, and what tells runs apart."""

import pytest

from rft_core.errors import UserError
from rft_core.report.comparison.grouping import SEEDS, distinct_styles, group_runs, grouping_choices
from rft_core.report.run.run_labels import distinct, run_labels
from tests.unit.report.stored import stored


@pytest.fixture
def records(store):
    kinds = ("constant", "two_hinge")
    return [
        stored(store, f"run {kind}", seed=seed, schedule__kind=kind)
        for seed in (0, 1)
        for kind in kinds
    ]


def test_by_seed_means_the_same_settings_otherwise(records):
    groups = group_runs(records, SEEDS)
    assert [(group.label, group.positions, group.mixed) for group in groups] == [
        ("run constant", (0, 2), ()),
        ("run two_hinge", (1, 3), ()),
    ]


def test_groups_of_runs_with_many_names_are_called_by_what_differs(store):
    records = [
        stored(store, f"{kind} {seed}", seed=seed, schedule__kind=kind)
        for seed in (0, 1)
        for kind in ("constant", "two_hinge")
    ]
    assert [group.label for group in group_runs(records, SEEDS)] == ["constant", "two_hinge"]


def test_by_a_setting(records):
    assert [
        (group.label, group.positions, group.mixed) for group in group_runs(records, "seed")
    ] == [
        ("seed 0", (0, 1), ("schedule.kind",)),
        ("seed 1", (2, 3), ("schedule.kind",)),
    ]


def test_other_tasks_and_targets_are_never_averaged(store, records):
    others = [
        stored(store, "l2", threat__norm="l2", threat__epsilon=0.5),
        stored(store, "wide", threat__epsilon="16/255"),
        stored(store, "data", data__dataset="blooms_easy"),
    ]
    groups = group_runs([*records, *others], "schedule.kind")
    assert [group.positions for group in groups] == [(0, 2), (1, 3), (4,), (5,), (6,)]
    assert len({group.label for group in groups}) == 5


def test_choices_are_what_differs(records):
    assert grouping_choices(records) == [SEEDS, "seed", "schedule.kind"]
    assert grouping_choices(records[:2]) == ["schedule.kind"]
    assert grouping_choices([]) == []


def test_what_does_not_differ_cannot_group(records):
    with pytest.raises(UserError, match="cannot be grouped by 'optim.epochs'"):
        group_runs(records, "optim.epochs")


def test_every_run_is_in_one_group_also_one_that_stands_alone(store, records):
    odd = stored(store, "odd", seed=7, threat__epsilon="4/255")
    assert [group.label for group in group_runs([*records, odd], "threat.epsilon")] == [
        "8/255",
        "4/255",
    ]
    groups = group_runs([*records, odd], SEEDS)
    assert sorted(position for group in groups for position in group.positions) == [0, 1, 2, 3, 4]
    assert groups[-1].positions == (4,)
    assert groups[-1].label == "odd"


@pytest.mark.parametrize(
    ("labels", "tails", "expected"),
    [
        (["a", "b"], None, ["a", "b"]),
        (["a", "a"], ["seed 0", "seed 1"], ["a · seed 0", "a · seed 1"]),
        (["a", "a"], ["seed 0", "seed 0"], ["a · seed 0 (1)", "a · seed 0 (2)"]),
        (["a", "b", "a"], None, ["a (1)", "b", "a (2)"]),
    ],
)
def test_no_two_labels_are_alike(labels, tails, expected):
    assert distinct(labels, tails) == expected


def test_names_that_are_alike_get_their_seed(store):
    assert run_labels(
        [stored(store, "x", seed=0), stored(store, "x", seed=1), stored(store, "y")]
    ) == ["x · seed 0", "x · seed 1", "y"]


def test_twenty_runs_have_twenty_styles(store):
    records = [stored(store, str(number)) for number in range(41)]
    # the 1st and the 41st run of a store share their style
    chosen = [records[0], records[40], *records[1:19]]
    assert len(set(distinct_styles(chosen))) == 20
    assert distinct_styles(chosen)[0] == distinct_styles(records)[0]
