"""The figures of rft_core.report.comparison: what is drawn where."""

import numpy as np
import pytest

from rft_core.report.comparison.line_labels import spread_apart
from rft_core.report.comparison.lines import AXES
from rft_core.report.comparison.pareto_plane import pareto_figure
from rft_core.report.comparison.robustness_figure import curves_figure
from rft_core.report.comparison.tracking_figure import accuracy_panels
from rft_core.report.comparison.view import View
from tests.unit.report.stored import content, stored

STEPS = np.array([0, 10, 40])
PLACES = {
    "step": STEPS,
    "epoch": STEPS / 10,
    "seconds": 2 * STEPS,
    "gradient_evaluations": 100 * STEPS,
}


def lines(figure, name):
    return [trace for trace in figure.data if trace.name == name and "lines" in (trace.mode or "")]


@pytest.mark.parametrize("axis", list(AXES))
def test_every_axis(store, axis):
    found = content(store, [stored(store, "a"), stored(store, "b")])
    figure = accuracy_panels(found.lines, ("clean", "robust"), axis, key="k")
    clean, robust = lines(figure, "a")
    np.testing.assert_allclose(clean.x, PLACES[axis])
    np.testing.assert_allclose([clean.y[-1], robust.y[-1]], [90, 50])
    assert (clean.yaxis, robust.yaxis) == ("y", "y2")
    assert all(
        isinstance(one, np.ndarray) and one.dtype == np.float32 for one in (clean.x, clean.y)
    )


def test_few_lines_are_labelled_at_their_ends_and_many_in_a_legend(store):
    records = [stored(store, f"run {number}") for number in range(5)]
    few = accuracy_panels(content(store, records[:4]).lines, ("clean",), "step", key="k")
    many = accuracy_panels(content(store, records).lines, ("clean",), "step", key="k")
    assert (few.layout.showlegend, many.layout.showlegend) == (False, True)
    assert [
        len([note for note in figure.layout.annotations if "run" in note.text])
        for figure in (few, many)
    ] == [4, 0]


def test_a_group_has_a_band_and_a_single_run_none(store):
    records = [
        stored(store, "a", seed=seed, shares=(share, 0.4)) for seed, share in enumerate((0.7, 0.8))
    ] + [stored(store, "b", schedule__kind="linear")]
    figure = accuracy_panels(
        content(store, records, View(group="seeds")).lines, ("clean",), "step", key="k"
    )
    assert [trace.fill for trace in figure.data] == ["toself", None, None]


def test_a_name_is_text(store):
    found = content(store, [stored(store, "<a href='x'>%{x}</a>"), stored(store, "b")])
    for figure in (
        accuracy_panels(found.lines, ("clean",), "step", key="k"),
        curves_figure(found.lines, key="k", height=300),
        pareto_figure(found.lines, target="8/255", key="k"),
    ):
        text = figure.to_json()
        assert "<a href" not in text.replace("\\u003c", "<")
        # names reach the hover text through the trace, where no template of their own is read
        assert all("href" not in (trace.hovertemplate or "") for trace in figure.data)


def test_curves_of_two_norms_have_a_panel_each(store):
    found = content(
        store, [stored(store, "a"), stored(store, "b", threat__norm="l2", threat__epsilon=0.5)]
    )
    figure = curves_figure(found.lines, key="k", height=300)
    assert [trace.xaxis for trace in figure.data] == ["x", "x2"]
    assert [figure.data[0].x[-1], figure.data[1].x[-1]] == pytest.approx([8, 0.5])
    assert figure.layout.xaxis2.title.text == "Epsilon of the attack, l2"


def test_curves_carry_their_intervals(store):
    record = stored(store, "a")
    (trace,) = curves_figure(
        content(store, [record, stored(store, "b", status="running")]).lines, key="k", height=300
    ).data
    assert trace.error_y.array[0] == pytest.approx(
        100 * (record.report["curve"][0]["high"] - record.report["curve"][0]["accuracy"]), abs=1e-4
    )
    assert trace.fill == "tozeroy"
    assert trace.name == "a: 70.0 %"


def test_the_frontier_joins_what_nothing_dominates(store):
    figure = pareto_figure(
        content(store, [stored(store, "a"), stored(store, "b", status="running")]).lines,
        target="8/255",
        key="k",
    )
    stairs = next(trace for trace in figure.data if trace.line.shape == "vh")
    # the last evaluation is the best in both, so the frontier is its corner
    np.testing.assert_allclose(np.stack([stairs.x, stairs.y], 1), [[0, 50], [90, 50], [90, 0]])
    diamond = next(
        trace for trace in figure.data if trace.marker.symbol == "diamond" and trace.name == "a"
    )
    assert (diamond.x[0], diamond.y[0]) == pytest.approx((90, 50))


def test_low_robustness_gets_a_shorter_axis(store):
    tall, low = (
        content(
            store, [stored(store, "a", shares=(0.9, last)), stored(store, "b", shares=(0.9, last))]
        )
        for last in (0.5, 0.02)
    )
    tops = [
        pareto_figure(one.lines, target="8/255", key="k").layout.yaxis.range for one in (tall, low)
    ]
    assert [round(top) for _, top in tops] == [104, 10]
    assert all(bottom <= 0 for bottom, _ in tops)


def test_no_line_at_all():
    assert len(accuracy_panels((), ("clean",), "step", key="k").data) == 0
    assert len(curves_figure((), key="k", height=300).data) == 0
    assert len(pareto_figure((), target="8/255", key="k").data) == 0


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([10, 50], [10, 50]),
        ([10, 11], [10, 16]),
        ([98, 99, 99], [88, 94, 100]),
        ([0, 0], [2, 8]),
        ([], []),
    ],
)
def test_labels_are_moved_apart(places, expected):
    assert spread_apart(places, gap=6) == pytest.approx(expected)
