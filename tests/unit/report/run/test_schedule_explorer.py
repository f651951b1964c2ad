"""rft_core.report.run.schedule_explorer: schedules side by side before a run."""

import json

import numpy as np
import pytest

from rft_core.cost.schedule_demand import factors
from rft_core.report.run.schedule_explorer import (
    REFERENCES,
    compared,
    editor_data,
    schedule_figure,
    schedule_rows,
)
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.spec.schedules import convergence_epoch

SPEC = preset("scheduled")
EVERY = [one.name for one in REFERENCES]


def test_no_two_references_share_a_name_a_colour_or_a_dash():
    for what in ("name", "label", "colour", "dash"):
        assert len({getattr(one, what) for one in REFERENCES}) == len(REFERENCES)


def test_a_reference_keeps_its_own_ramp_and_takes_the_training_of_the_run():
    spec = with_settings(
        SPEC, {"schedule.ramp_start": 0.1, "schedule.ramp_end": 0.2, "optim.epochs": 50}
    )
    _, hinges, paper = compared(spec, ("two_hinge", "paper"))
    assert hinges.factors == factors(with_settings(preset("scheduled"), {"optim.epochs": 50}))[1]
    assert paper.factors == factors(preset("paper_schedule"))[1]


def test_a_reference_equal_to_the_chosen_schedule_is_not_drawn_twice():
    assert [line.label for line in compared(SPEC, ("constant", "two_hinge"))] == [
        "Chosen: two hinges",
        "Constant",
    ]
    assert (
        len(compared(with_settings(SPEC, {"schedule.ramp_end": 0.8}), ("constant", "two_hinge")))
        == 3
    )


def test_the_table_by_hand():
    # 1,536 images in batches of 64, 30 epochs: 720 steps, of which those up to a quarter, 0 to
    # 180, are at factor 0
    rows = schedule_rows(compared(SPEC, ("constant", "linear")))
    assert [row["Schedule"] for row in rows] == ["Chosen: two hinges", "Constant", "Linear"]
    assert [row["Steps without an attack"] for row in rows] == [
        "181 of 720",
        "0 of 720",
        "1 of 720",
    ]
    assert [row["Attack cost saved"] for row in rows] == ["25.1 %", "0.0 %", "0.1 %"]
    assert [float(row["Mean factor"]) for row in rows] == pytest.approx([0.5, 1.0, 0.5], abs=2e-3)


def test_steps_are_not_told_where_the_images_are_not_counted():
    (row,) = schedule_rows(compared(with_settings(SPEC, {"data.dataset": "folder:/x"}), ()))
    assert row["Steps without an attack"] == "–"
    assert row["Attack cost saved"] == "25.1 %"


def test_the_figure_draws_every_line_in_its_colour_and_dash():
    spec = with_settings(SPEC, {"schedule.ramp_end": 0.9})
    lines = compared(spec, EVERY)
    figure = schedule_figure(lines, epsilon=8 / 255, norm="linf", epochs=30, key="x")
    drawn = {trace.name: trace for trace in figure.data}
    assert len(drawn) == 1 + len(EVERY)
    for line in lines:
        assert (drawn[line.label].line.color, drawn[line.label].line.dash) == (
            line.colour,
            line.dash or "solid",
        )
    assert np.max(drawn["Constant"].y) == pytest.approx(8)
    assert drawn["Constant"].x[-1] == 30
    # the legend stands above the axes, and grows with what it names
    assert figure.layout.legend.y > 1
    assert (
        figure.layout.height
        > schedule_figure(lines[:2], epsilon=8 / 255, norm="linf", epochs=30, key="x").layout.height
    )


def test_one_line_needs_no_legend():
    assert not schedule_figure(
        compared(SPEC, ()), epsilon=1.0, norm="l2", epochs=3, key="x"
    ).layout.showlegend


CUSTOM = with_settings(SPEC, {"schedule.kind": "custom", "schedule.points": [[0, 0], [0.4, 1]]})


def test_what_the_chart_with_movable_points_draws():
    data = editor_data(CUSTOM, compared(CUSTOM, ("constant",)))
    assert json.loads(json.dumps(data)) == data
    assert data["points"] == [[0, 0], [0.4, 1]]
    assert [line["label"] for line in data["lines"]] == ["Constant"]
    assert data["marks"] == [
        [0, "0"],
        [0.25, "2/255"],
        [0.5, "4/255"],
        [0.75, "6/255"],
        [1, "8/255"],
    ]
    assert [text for _, text in data["ticks"]] == ["0", "5", "10", "15", "20", "25", "30"]
    assert (data["ticks"][-1][0], data["scale"], data["unit"]) == (1, pytest.approx(8), "/255")


def test_epsilon_held_still_within_an_epoch_is_a_line_of_its_own():
    spec = with_settings(CUSTOM, {"schedule.granularity": "epoch"})
    line = editor_data(spec, compared(spec, ()))["lines"][-1]
    assert line["label"] == "Constant within an epoch"
    # between the starts of the epochs 1 and 2 of 30 it stays at 1/30 of training, which is
    # 1/12 of the ramp to 40 %
    assert {round(y, 6) for x, y in line["points"] if 1 / 30 <= x < 2 / 30} == {round(1 / 12, 6)}


@pytest.mark.parametrize(
    ("norm", "epsilon"),
    [("l2", 0.0), ("l2", 0.5), ("l2", 300.0), ("linf", 0.0), ("linf", 0.001), ("linf", 1.0)],
)
def test_the_marks_stay_on_the_axis(norm, epsilon):
    spec = with_settings(CUSTOM, {"threat.norm": norm, "threat.epsilon": epsilon})
    places = [place for place, _ in editor_data(spec, compared(spec, ()))["marks"]]
    assert places[0] == 0
    assert all(0 <= place <= 1 + 1e-9 for place in places)
    assert len(places) <= 6


def test_automatic_is_an_example_where_only_training_can_tell():
    (_, line) = compared(SPEC, ("auto",))
    assert (line.label, line.is_example, line.never_rises) == ("Automatic, an example", True, False)
    assert max(line.factors) == 1
    (row,) = schedule_rows([line])
    assert list(row.values())[1:] == ["depends on the run"] * 3
    (chosen,) = compared(with_settings(SPEC, {"schedule.kind": "auto"}), ())
    assert chosen.is_example
    assert chosen.dash != ""


@pytest.mark.parametrize(("epochs", "is_short"), [(6, True), (7, False)])
def test_automatic_needs_more_epochs_than_it_takes_to_find_convergence(epochs, is_short):
    """Patience 5: convergence is found after 6 epochs at the earliest, and one
    more is left to rise in.
    """
    spec = with_settings(SPEC, {"optim.epochs": epochs})
    assert convergence_epoch([0.5] * epochs, 5, 0.02) == 6
    (_, line) = compared(spec, ("auto",))
    assert (line.never_rises, line.is_example) == (is_short, not is_short)
    assert (max(line.factors) == 0) == is_short
    (row,) = schedule_rows([line])
    assert row["Attack cost saved"] == ("100.0 %" if is_short else "depends on the run")
