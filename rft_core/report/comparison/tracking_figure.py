"""Accuracy of several runs during training, one panel per accuracy."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rft_core.report.comparison.bands import Band
from rft_core.report.comparison.line_labels import (
    LABEL_ROOM,
    MOST_LABELS,
    label_ends,
    legend_below,
    shortened,
)
from rft_core.report.comparison.lines import AXES, PANELS, Line
from rft_core.report.drawing.axes import blank_figure, percent_axis
from rft_core.report.drawing.canvas import fade
from rft_core.report.run.history import RunHistory
from rft_core.report.run.measurement_words import in_full

PANEL_PIXELS, ONE_PANEL_PIXELS, MARGIN_PIXELS = 170, 270, 90


def accuracy_panels(
    lines: Sequence[Line], panels: Sequence[str], axis: str, *, key: str
) -> go.Figure:
    """One panel per accuracy (clean, robust, expected) with all lines, over steps, epochs, seconds
    or gradient evaluations.
    """
    height = panels_height(panels)
    figure = make_subplots(
        rows=len(panels),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        figure=blank_figure(key, height=height),
    )
    labelled = len(lines) <= MOST_LABELS
    span = 1e-9
    for row, name in enumerate(panels, start=1):
        bands = [line.tracked(name, axis) for line in lines]
        for line, band in zip(lines, bands):
            by = "" if name == "clean" else f"<br>{in_full(line.tracked_by)}"
            _add_band(figure, line, band, row=row, first=row == 1, unit=AXES[axis].lower(), by=by)
            span = max([span, *band.x[-1:]])
        percent_axis(figure, PANELS[name], row=row, col=1)
        if labelled:
            ends = [
                (f"{shortened(line.label)} {band.mean[-1]:.1f} %", line.colour, band)
                for line, band in zip(lines, bands)
                if len(band.x)
            ]
            label_ends(figure, ends, (height - MARGIN_PIXELS) / len(panels), row=row, col=1)
        if name == "clean":
            _mark_onsets(figure, lines, axis, row)
    figure.update_xaxes(range=[0, float(span) * (LABEL_ROOM if labelled else 1.02)])
    figure.update_xaxes(title=AXES[axis], row=len(panels), col=1)
    figure.update_layout(showlegend=not labelled)
    if not labelled:
        legend_below(figure, len(lines))
    return figure


def panels_height(panels: Sequence[str]) -> int:
    """Return the height in pixels of `accuracy_panels` without its legend, so that a figure beside
    it can match.
    """
    return MARGIN_PIXELS + (ONE_PANEL_PIXELS if len(panels) == 1 else PANEL_PIXELS * len(panels))


def _add_band(
    figure: go.Figure, line: Line, band: Band, *, row: int, first: bool, unit: str, by: str
) -> None:
    name = escape(line.label)
    if band.low is not None:
        edges = {
            "x": np.concatenate([band.x, band.x[::-1]]),
            "y": np.concatenate([band.high, band.low[::-1]]),
        }
        fill = {
            "fill": "toself",
            "fillcolor": fade(line.colour, 0.18),
            "line": {"width": 0},
            "mode": "lines",
        }
        figure.add_trace(
            go.Scatter(**edges, **fill, hoverinfo="skip", showlegend=False, legendgroup=name),
            row=row,
            col=1,
        )
    counts = np.full(
        len(band.x),
        (
            line.histories[0].measurements[0].curve.n
            if band.n == 1 and line.histories[0].measurements
            else band.n
        ),
        np.int32,
    )
    of = "%{customdata} images" if band.n == 1 else "mean of %{customdata} runs"
    figure.add_trace(
        go.Scatter(
            x=band.x,
            y=band.mean,
            mode="lines+markers" if len(band.x) <= 60 else "lines",
            name=name,
            legendgroup=name,
            showlegend=first,
            line={"color": line.colour, "dash": line.dash, "width": 2.5},
            marker={"size": 5, "color": line.colour},
            customdata=counts,
            hovertemplate=(
                f"%{{fullData.name}}<br>{unit} %{{x}}: %{{y:.1f}} %, {of}{by}<extra></extra>"
            ),
        ),
        row=row,
        col=1,
    )


def _mark_onsets(figure: go.Figure, lines: Sequence[Line], axis: str, row: int) -> None:
    for line in lines:
        for history in line.histories:
            position = onset_position(history, axis)
            if position is not None:
                figure.add_vline(
                    x=position,
                    line={"color": line.colour, "width": 1, "dash": "dot"},
                    row=row,
                    col=1,
                )


def onset_position(history: RunHistory, axis: str) -> float | None:
    """Return where on an axis a run adapted to its task, or None if it did not."""
    if history.onset is None:
        return None
    there = np.flatnonzero(history.column("step") == history.onset["step"])
    return float(history.column(axis)[there[0]]) if len(there) else None
