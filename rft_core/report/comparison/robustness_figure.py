"""Robustness curves of several runs, with the area below each."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rft_core.report.comparison.line_labels import (
    LABEL_ROOM,
    MOST_LABELS,
    label_ends,
    legend_below,
    shortened,
)
from rft_core.report.comparison.lines import Line
from rft_core.report.comparison.tracking_figure import MARGIN_PIXELS
from rft_core.report.drawing.axes import blank_figure, epsilon_axis, percent_axis
from rft_core.report.drawing.canvas import fade
from rft_core.report.run.measurement_words import chips, in_full
from rft_core.units import PIXEL_LEVELS


def curves_figure(lines: Sequence[Line], *, key: str, height: int) -> go.Figure:
    """Robustness curves, one panel per norm; the area under each is its expected robustness, shown
    beside its label.
    """
    drawn = [line for line in lines if line.curves]
    norms = list(dict.fromkeys(line.norm for line in drawn)) or ["linf"]
    labelled = len(drawn) <= MOST_LABELS and len(norms) == 1
    figure = make_subplots(
        rows=1, cols=len(norms), horizontal_spacing=0.1, figure=blank_figure(key, height=height)
    )
    for column, norm in enumerate(norms, start=1):
        here = [line for line in drawn if line.norm == norm]
        for line in here:
            _add_curve(figure, line, column, opacity=0.1 if len(drawn) <= MOST_LABELS else 0.03)
        largest = max((curve.epsilons[-1] for line in here for curve in line.curves), default=0.0)
        epsilon_axis(figure, largest, norm, axis="x", row=1, col=column)
        span = max(largest * (PIXEL_LEVELS if norm == "linf" else 1.0), 1e-6)
        figure.update_xaxes(
            title=_attack_axis(norm, drawn),
            range=[-0.02 * span, (LABEL_ROOM if labelled else 1.04) * span],
            row=1,
            col=column,
        )
        percent_axis(figure, "Accuracy on test images" if column == 1 else "", row=1, col=column)
    figure.update_layout(showlegend=not labelled)
    if labelled:
        ends = [
            (f"{shortened(line.label)}: {_area(line):.1f} %", line.colour, line.robustness())
            for line in drawn
        ]
        label_ends(figure, ends, height - MARGIN_PIXELS, row=1, col=1)
    else:
        legend_below(figure, len(drawn))
    return figure


def _attack_axis(norm: str, lines: Sequence[Line]) -> str:
    """Return the title of an epsilon axis, with the attack if all lines share it; otherwise
    captions and hover texts name it.
    """
    found = [method for line in lines for method in line.measured_by]
    is_shared = (
        len({method.chip for method in found}) == 1 and len({line.norm for line in lines}) == 1
    )
    attack = f", {chips(found)}" if is_shared else ""
    return f"Epsilon of the attack, {norm}{attack}"


def _area(line: Line) -> float:
    """Return the mean expected robustness of a line, percent."""
    return 100 * float(np.mean([curve.expected_robustness for curve in line.curves]))


def _add_curve(figure: go.Figure, line: Line, column: int, opacity: float) -> None:
    band = line.robustness()
    if band.low is not None:
        upper, lower = band.high - band.mean, band.mean - band.low
        sample = f"mean of {band.n} runs"
    else:
        points = line.curves[0].points()
        upper = np.array(
            [100 * (point["high"] - point["accuracy"]) for point in points], np.float32
        )
        lower = np.array([100 * (point["accuracy"] - point["low"]) for point in points], np.float32)
        sample = f"{line.curves[0].n} images"
    figure.add_trace(
        go.Scatter(
            x=band.x,
            y=band.mean,
            mode="lines+markers",
            line={"color": line.colour, "dash": line.dash, "width": 2.5},
            marker={"size": 6},
            fill="tozeroy",
            fillcolor=fade(line.colour, opacity),
            error_y={
                "array": upper,
                "arrayminus": lower,
                "symmetric": False,
                "color": line.colour,
                "thickness": 1,
                "width": 3,
            },
            name=f"{escape(line.label)}: {_area(line):.1f} %",
            hovertemplate=(
                "%{fullData.name}<br>epsilon %{x:.2f}: %{y:.1f} %,"
                f" {sample}<br>{in_full(line.measured_by)}<extra></extra>"
            ),
        ),
        row=1,
        col=column,
    )
