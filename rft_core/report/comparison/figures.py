"""Figures of several runs, or of groups of runs: accuracy while training, robustness
curves, the Pareto plane.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.metrics.pareto import frontier
from rft_core.report.comparison.bands import Band, mean_band, thin
from rft_core.report.drawing.canvas import fade
from rft_core.report.run.figures import (
    REFERENCE,
    blank_figure,
    epsilon_axis,
    epsilon_places,
    percent_axis,
)
from rft_core.report.run.history import RunHistory
from rft_core.report.run.measurement_words import chips, in_full
from rft_core.units import PIXEL_LEVELS

PANELS = MappingProxyType(
    {"clean": "Clean accuracy", "robust": "Robust accuracy", "expected": "Expected robustness"}
)
AXES = MappingProxyType(
    {
        "step": "Step",
        "epoch": "Epoch",
        "seconds": "Seconds of work",
        "gradient_evaluations": "Gradient evaluations",
    }
)
# more lines than this are told apart in a legend; fewer carry their labels at their ends
MOST_LABELS = 4
LEGEND_ROW_PIXELS, LEGEND_COLUMNS, LEGEND_GAP_PIXELS = 20, 2, 18
LABEL_ROOM, LABEL_PIXELS, LONGEST_LABEL = 1.42, 17, 26
PANEL_PIXELS, ONE_PANEL_PIXELS, MARGIN_PIXELS = 170, 270, 90


@dataclass(frozen=True)
class Line:
    """One run, or one group of runs, in a shared chart, in a colour and a dash of its own.

    `histories` has one entry a run, `curves` one a run that was measured on its test images; `band`
    is a name of bands.BANDS. `measured_by` says by what each of `curves` was measured, `tracked_by`
    by what the histories were.
    """

    label: str
    colour: str
    dash: str
    histories: tuple[RunHistory, ...]
    curves: tuple[RobustnessCurve, ...]
    norm: str = "linf"
    band: str = "deviation"
    measured_by: tuple[MeasuredBy, ...] = ()
    tracked_by: tuple[MeasuredBy, ...] = ()

    def tracked(self, name: str, axis: str) -> Band:
        """Return one accuracy (percent) over an axis: the run's own, or the
        group's mean with its band.
        """
        return mean_band(
            [(history.column(axis), 100 * history.column(name)) for history in self.histories],
            self.band,
        )

    def robustness(self) -> Band:
        """Return accuracy (percent) over epsilon: the run's own, or the
        group's mean with its band.
        """
        return mean_band(
            [
                (epsilon_places(curve, self.norm), 100 * np.array(curve.accuracies))
                for curve in self.curves
            ],
            self.band,
        )

    def tracked_points(self) -> np.ndarray:
        """Return (clean, robust) of every measurement while training, fractions (P, 2)."""
        rows = [
            np.stack([history.column("clean"), history.column("robust")], axis=1)
            for history in self.histories
        ]
        return np.concatenate(rows) if rows else np.zeros((0, 2), np.float32)

    def final_points(self) -> np.ndarray:
        """Return (clean, robust) of every final model, fractions (R, 2)."""
        return np.array(
            [(curve.clean_accuracy, curve.accuracies[-1]) for curve in self.curves], np.float32
        ).reshape(-1, 2)


def accuracy_panels(
    lines: Sequence[Line], panels: Sequence[str], axis: str, *, key: str
) -> go.Figure:
    """One panel an accuracy (clean, robust, expected), all lines in each, over steps, epochs,
    seconds or gradient evaluations.
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
                (f"{_shortened(line.label)} {band.mean[-1]:.1f} %", line.colour, band)
                for line, band in zip(lines, bands)
                if len(band.x)
            ]
            _label_ends(figure, ends, (height - MARGIN_PIXELS) / len(panels), row=row, col=1)
        if name == "clean":
            _mark_onsets(figure, lines, axis, row)
    figure.update_xaxes(range=[0, float(span) * (LABEL_ROOM if labelled else 1.02)])
    figure.update_xaxes(title=AXES[axis], row=len(panels), col=1)
    figure.update_layout(showlegend=not labelled)
    if not labelled:
        _legend_below(figure, len(lines))
    return figure


def curves_figure(lines: Sequence[Line], *, key: str, height: int) -> go.Figure:
    """Robustness curves, one panel a norm; the shaded area under each is its expected robustness,
    the percentage beside its label.
    """
    drawn = [line for line in lines if line.curves]
    norms = list(dict.fromkeys(line.norm for line in drawn)) or ["linf"]
    labelled = len(drawn) <= MOST_LABELS and len(norms) == 1
    figure = make_subplots(
        rows=1, cols=len(norms), horizontal_spacing=0.1, figure=blank_figure(key, height=height)
    )
    for place, norm in enumerate(norms, start=1):
        here = [line for line in drawn if line.norm == norm]
        for line in here:
            _add_curve(figure, line, place, opacity=0.1 if len(drawn) <= MOST_LABELS else 0.03)
        largest = max((curve.epsilons[-1] for line in here for curve in line.curves), default=0.0)
        epsilon_axis(figure, largest, norm, axis="x", row=1, col=place)
        span = max(largest * (PIXEL_LEVELS if norm == "linf" else 1.0), 1e-6)
        figure.update_xaxes(
            title=_attack_axis(norm, drawn),
            range=[-0.02 * span, (LABEL_ROOM if labelled else 1.04) * span],
            row=1,
            col=place,
        )
        percent_axis(figure, "Accuracy on test images" if place == 1 else "", row=1, col=place)
    figure.update_layout(showlegend=not labelled)
    if labelled:
        ends = [
            (f"{_shortened(line.label)}: {_area(line):.1f} %", line.colour, line.robustness())
            for line in drawn
        ]
        _label_ends(figure, ends, height - MARGIN_PIXELS, row=1, col=1)
    else:
        _legend_below(figure, len(drawn))
    return figure


def _attack_axis(norm: str, lines: Sequence[Line]) -> str:
    """Title an epsilon axis with the attack where all lines share it and there is room; else
    captions and hover texts have it.
    """
    found = [one for line in lines for one in line.measured_by]
    is_shared = len({one.chip for one in found}) == 1 and len({line.norm for line in lines}) == 1
    said = f", {chips(found)}" if is_shared else ""
    return f"Epsilon of the attack, {norm}{said}"


def panels_height(panels: Sequence[str]) -> int:
    """Return the height in pixels of `accuracy_panels` without its legend, so that a figure
    beside it can be as high.
    """
    return MARGIN_PIXELS + (ONE_PANEL_PIXELS if len(panels) == 1 else PANEL_PIXELS * len(panels))


def _area(line: Line) -> float:
    """Return the mean expected robustness of a line, percent."""
    return 100 * float(np.mean([curve.expected_robustness for curve in line.curves]))


def pareto_figure(lines: Sequence[Line], *, target: str, key: str, height: int = 380) -> go.Figure:
    """Clean against robust accuracy: small marks for what was tracked while training, its frontier,
    large marks for final models.
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
    # robust accuracies near zero would all lie on the floor of a full axis
    top = next(
        one for one in (10, 25, 50, 100) if 100 * max(tops, default=1.0) <= 0.96 * one or one == 100
    )
    marks = [round(top * share / 5, 1) for share in range(6)]
    figure.update_yaxes(
        range=[-0.02 * top, 1.04 * top],
        tickvals=marks,
        ticktext=[f"{one:g}" + (" %" if one == top else "") for one in marks],
    )
    figure.update_xaxes(
        title="Clean accuracy",
        range=[-2, 104],
        tickvals=[0, 20, 40, 60, 80, 100],
        ticktext=["0", "20", "40", "60", "80", "100 %"],
    )
    figure.update_layout(showlegend=True)
    _legend_below(figure, len(lines))
    return figure


def _legend_below(figure: go.Figure, entries: int) -> None:
    """Put the legend below the axis title, with room of its own: the plot keeps its height."""
    room = LEGEND_ROW_PIXELS * -(-entries // LEGEND_COLUMNS) + LEGEND_GAP_PIXELS
    margin, height = figure.layout.margin, figure.layout.height
    plot = height - margin.t - margin.b
    figure.update_layout(
        height=height + room,
        margin={"b": margin.b + room},
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": -(margin.b + LEGEND_GAP_PIXELS) / plot,
            "yanchor": "top",
            "title": None,
        },
    )


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


def _label_ends(
    figure: go.Figure, ends: Sequence[tuple[str, str, Band]], pixels: float, **place: int
) -> None:
    """Write each (text, colour, band) at its line's right end, moved apart where lines end close
    together; a plot is `pixels` high.
    """
    ends = sorted(ends, key=lambda one: float(one[2].mean[-1]))
    places = spread_apart(
        [float(band.mean[-1]) for _, _, band in ends], gap=LABEL_PIXELS * 106 / pixels
    )
    for y, (text, colour, band) in zip(places, ends):
        label = f'<span style="color:{colour}">■</span> {escape(text)}'
        figure.add_annotation(
            x=float(band.x[-1]),
            y=y,
            text=label,
            showarrow=False,
            xanchor="left",
            xshift=6,
            font={"size": 12},
            **place,
        )


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def spread_apart(
    places: Sequence[float], gap: float, low: float = 2.0, high: float = 100.0
) -> list[float]:
    """Return `places` (rising) moved as little as needed to be `gap` apart, inside low ..
    high while they fit.
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap if moved else low))
    ceiling = high
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved


def _mark_onsets(figure: go.Figure, lines: Sequence[Line], axis: str, row: int) -> None:
    for line in lines:
        for history in line.histories:
            place = onset_place(history, axis)
            if place is not None:
                figure.add_vline(
                    x=place, line={"color": line.colour, "width": 1, "dash": "dot"}, row=row, col=1
                )


def onset_place(history: RunHistory, axis: str) -> float | None:
    """Return where on an axis a run adapted to its task, or None where it did not."""
    if history.onset is None:
        return None
    there = np.flatnonzero(history.column("step") == history.onset["step"])
    return float(history.column(axis)[there[0]]) if len(there) else None


def _add_curve(figure: go.Figure, line: Line, column: int, opacity: float) -> None:
    band = line.robustness()
    if band.low is not None:
        upper, lower = band.high - band.mean, band.mean - band.low
        said = f"mean of {band.n} runs"
    else:
        points = line.curves[0].points()
        upper = np.array(
            [100 * (point["high"] - point["accuracy"]) for point in points], np.float32
        )
        lower = np.array([100 * (point["accuracy"] - point["low"]) for point in points], np.float32)
        said = f"{line.curves[0].n} images"
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
                f" {said}<br>{in_full(line.measured_by)}<extra></extra>"
            ),
        ),
        row=1,
        col=column,
    )


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

    def whiskers(place: int) -> dict:
        rows = [end[place] for end in ends]
        arms = {
            "array": [100 * (one["high"] - one["accuracy"]) for one in rows],
            "arrayminus": [100 * (one["accuracy"] - one["low"]) for one in rows],
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
