"""The Pareto plane: clean against robust accuracy of several runs."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from rft_core.metrics.pareto import frontier
from rft_core.report.comparison.bands import thin
from rft_core.report.comparison.line_labels import legend_below
from rft_core.report.comparison.lines import Line
from rft_core.report.drawing.axes import blank_figure, percent_axis
from rft_core.report.drawing.palette import REFERENCE
from rft_core.report.run.measurement_words import in_full


def pareto_figure(lines: Sequence[Line], *, target: str, key: str, height: int = 380) -> go.Figure:
    """Clean against robust accuracy: small marks for models during training, their frontier, large
    marks for final models.
    """
    figure = blank_figure(key, height=height)
    for line in lines:
        _add_frontier(figure, line)
        _add_finals(figure, line)
    tops = [
        points[:, 1].max()
        for line in lines
        for points in (line.tracked_points(), line.final_points())
        if len(points)
    ]
    percent_axis(figure, f"Robust accuracy at {escape(target)}")
    # on a full axis, robust accuracies near zero would all lie at the bottom
    top = next(
        limit
        for limit in (10, 25, 50, 100)
        if 100 * max(tops, default=1.0) <= 0.96 * limit or limit == 100
    )
    marks = [round(top * share / 5, 1) for share in range(6)]
    figure.update_yaxes(
        range=[-0.02 * top, 1.04 * top],
        tickvals=marks,
        ticktext=[f"{mark:g}" + (" %" if mark == top else "") for mark in marks],
    )
    figure.update_xaxes(
        title="Clean accuracy",
        range=[-2, 104],
        tickvals=[0, 20, 40, 60, 80, 100],
        ticktext=["0", "20", "40", "60", "80", "100 %"],
    )
    figure.update_layout(showlegend=True)
    legend_below(figure, len(lines))
    return figure


def _add_frontier(figure: go.Figure, line: Line) -> None:
    points, name = line.tracked_points(), escape(line.label)
    if not len(points):
        return
    shown = 100 * points[thin(len(points))]
    marks = {"mode": "markers", "marker": {"size": 4, "color": line.colour, "opacity": 0.55}}
    hover = (
        "%{fullData.name}, while training<br>%{x:.1f} % clean, %{y:.1f} % robust on"
        f" validation images<br>{in_full(line.tracked_by)}<extra></extra>"
    )
    figure.add_trace(
        go.Scatter(
            x=shown[:, 0],
            y=shown[:, 1],
            name=name,
            legendgroup=name,
            showlegend=False,
            hovertemplate=hover,
            **marks,
        )
    )
    edge = 100 * frontier(points)
    corners = np.concatenate([[[0, edge[0, 1]]], edge, [[edge[-1, 0], 0]]]).astype(np.float32)
    stairs = {
        "mode": "lines",
        "line": {"color": line.colour, "dash": line.dash, "width": 1.5, "shape": "vh"},
    }
    figure.add_trace(
        go.Scatter(
            x=corners[:, 0],
            y=corners[:, 1],
            name=name,
            legendgroup=name,
            showlegend=False,
            hoverinfo="skip",
            **stairs,
        )
    )


def _add_finals(figure: go.Figure, line: Line) -> None:
    points, name = 100 * line.final_points(), escape(line.label)
    ends = [(curve.points()[0], curve.points()[-1]) for curve in line.curves]

    def whiskers(index: int) -> dict:
        rows = [end[index] for end in ends]
        arms = {
            "array": [100 * (point["high"] - point["accuracy"]) for point in rows],
            "arrayminus": [100 * (point["accuracy"] - point["low"]) for point in rows],
        }
        return arms | {"symmetric": False, "color": line.colour, "thickness": 1, "width": 3}

    mark = {
        "size": 12,
        "symbol": "diamond",
        "color": line.colour,
        "line": {"width": 1, "color": REFERENCE},
    }
    hover = (
        "%{fullData.name}, final model<br>%{x:.1f} % clean, %{y:.1f} % robust on test"
        f" images<br>{in_full(line.measured_by)}<extra></extra>"
    )
    where = {
        "x": points[:, 0] if len(points) else [None],
        "y": points[:, 1] if len(points) else [None],
    }
    figure.add_trace(
        go.Scatter(
            **where,
            mode="markers",
            marker=mark,
            error_x=whiskers(0),
            error_y=whiskers(1),
            name=name,
            legendgroup=name,
            hovertemplate=hover,
        )
    )
