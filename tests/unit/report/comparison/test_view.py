"""rft_core.report.comparison.view and its rows and sentences: what a comparison
shows, alone or in groups.
"""

import numpy as np
import pytest

from rft_core.errors import UnknownNameError, UserError
from rft_core.metrics.pareto import hypervolume
from rft_core.metrics.significance import mean_interval
from rft_core.report.comparison.rows import (
    area_table,
    common_rows,
    difference_rows,
    differing_rows,
    group_table,
    number_rows,
)
from rft_core.report.comparison.sentences import describe_curves, describe_pareto, describe_tracking
from rft_core.report.comparison.view import View, group_rows, pareto_rows
from tests.unit.report.stored import content, stored

CLEAN = {"constant": (0.70, 0.72, 0.77), "two_hinge": (0.80, 0.84, 0.82)}


@pytest.fixture
def grouped(store):
    """Two schedules with three seeds each, and a failed run of the first."""
    runs = [
        stored(store, kind, shares=(share, 0.4), seed=seed, schedule__kind=kind)
        for kind, shares in CLEAN.items()
        for seed, share in enumerate(shares)
    ]
    failed = stored(
        store, "constant", steps=(0, 10), status="failed", seed=3, schedule__kind="constant"
    )
    return content(store, [*runs, failed], View(group="seeds"))


def test_a_group_is_its_measured_runs(grouped):
    assert [(line.label, len(line.histories), len(line.curves)) for line in grouped.lines] == [
        ("constant", 3, 3),
        ("two_hinge", 3, 3),
    ]
    assert grouped.left_out == ("constant · seed 3",)
    assert (
        "Left out of the means because they have no report: constant · seed 3."
        in describe_tracking(grouped)
    )


def test_the_mean_of_a_group_is_over_its_runs(grouped):
    first = group_rows(grouped)[0]
    expected = mean_interval(CLEAN["constant"])
    assert first["clean_accuracy"] == pytest.approx(expected.mean)
    assert (first["clean_accuracy_low"], first["clean_accuracy_high"]) == pytest.approx(
        (expected.low, expected.high)
    )
    band = grouped.lines[0].tracked("clean", "step")
    assert band.mean[-1] == pytest.approx(100 * expected.mean, abs=0.01)
    assert band.high[-1] - band.mean[-1] == pytest.approx(100 * expected.deviation, abs=0.01)


def test_groups_are_compared_seed_by_seed(grouped):
    base, other = group_rows(grouped)
    expected = mean_interval(np.subtract(CLEAN["two_hinge"], CLEAN["constant"]))
    assert (other["shared_seeds"], base["shared_seeds"]) == (3, 0)
    assert [other[f"clean_accuracy_gain{end}"] for end in ("", "_low", "_high")] == pytest.approx(
        [expected.mean, expected.low, expected.high]
    )
    assert base["clean_accuracy_gain"] is None
    assert group_table(grouped)[1]["Clean, against baseline"].startswith("+9.0 (")


def test_bands_are_named_with_their_n(grouped):
    said = describe_tracking(grouped)
    assert "mean ± standard deviation, over the runs of constant (n = 3), two_hinge (n = 3)" in said
    assert "Student" in describe_tracking(content_with(grouped, band="interval"))


def content_with(found, **changes):
    from dataclasses import replace

    return replace(found, view=replace(found.view, **changes))


def test_each_run_alone(store):
    found = content(
        store, [stored(store, "a", shares=(0.9, 0.5)), stored(store, "b", shares=(0.7, 0.6))]
    )
    assert [line.label for line in found.lines] == ["a", "b"]
    assert len({(line.colour, line.dash) for line in found.lines}) == 2
    assert "Clean accuracy: a ends at 90.0 %, b at 70.0 %." in describe_tracking(found)
    assert "largest for a with 70.0 %, smallest for b with 65.1 %" in describe_curves(found)


def test_rows(store):
    standard = stored(store, "standard", shares=(0.9, 0.1), objective__kind="natural")
    found = content(
        store,
        [
            standard,
            stored(store, "fixed", shares=(0.6, 0.4)),
            stored(store, "new", status="running"),
        ],
    )
    numbers = {row["Run"]: row for row in number_rows(found)}
    assert numbers["fixed"]["Clean"].startswith("60.0 % (")
    assert numbers["fixed"]["Lost against standard"] == "30.0 points, suboptimal transfer"
    assert numbers["new"]["Clean"] == "–"
    (difference,) = difference_rows(found)
    assert difference["Clean"].startswith("-30.0 (")
    assert difference["Robust"].startswith("+30.0 (")
    assert difference["Compared"] == "image by image"
    assert [row["Setting"] for row in differing_rows(found)] == ["objective.kind"]
    assert {"Setting": "threat.epsilon", "Value": "8/255"} in common_rows(found)
    assert not {"name", "objective.kind"} & {row["Setting"] for row in common_rows(found)}


def test_no_column_for_what_no_run_has(store):
    assert (
        "Lost against standard"
        not in number_rows(content(store, [stored(store, "a"), stored(store, "b")]))[0]
    )


def test_areas(store):
    found = content(
        store,
        [
            stored(store, "a", shares=(0.9, 0.5)),
            stored(store, "b", shares=(0.8, 0.6)),
            stored(store, "c", status="running"),
        ],
    )
    rows = pareto_rows(found, store.home.runs)
    assert rows[0]["tracked_area"] == pytest.approx(hypervolume(found.lines[0].tracked_points()))
    assert rows[0]["final_area"] == pytest.approx(0.9 * 0.5)
    assert rows[0]["final_low"] < 0.45 < rows[0]["final_high"]
    assert (rows[2]["final_area"], rows[2]["models"]) == (None, 0)
    assert area_table(rows)[0]["Area of final models"].startswith("45.0 % (")
    assert "is that of b" in describe_pareto(found, rows)


def test_the_area_of_a_group_is_that_of_all_its_models(store):
    runs = [
        stored(store, "a", shares=(0.9, 0.5), seed=0),
        stored(store, "a", shares=(0.6, 0.6), seed=1),
    ]
    (row,) = pareto_rows(content(store, runs, View(group="seeds")), store.home.runs)
    assert row["final_area"] == pytest.approx(hypervolume(np.array([[0.9, 0.5], [0.6, 0.6]])))


def test_models_on_other_images_have_no_common_area(store):
    runs = [stored(store, "a", seed=0), stored(store, "a", seed=1, digest="other")]
    (row,) = pareto_rows(content(store, runs, View(group="seeds")), store.home.runs)
    assert row["final_area"] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"axis": "stp"}, "did you mean 'step'"),
        ({"band": "x"}, "unknown band"),
        ({"panels": ("cleen",)}, "did you mean 'clean'"),
    ],
)
def test_an_unknown_choice(changes, said):
    with pytest.raises(UnknownNameError, match=said):
        View(**changes)


def test_a_view_has_a_panel():
    with pytest.raises(UserError, match="at least one panel"):
        View(panels=())
