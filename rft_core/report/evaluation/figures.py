"""Figures of an evaluation: curves under several attacks, accuracy of each class, confusions,
trained parts.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.report.drawing.axes import blank_figure, epsilon_axis, epsilon_positions, percent_axis
from rft_core.report.drawing.canvas import fade
from rft_core.report.drawing.palette import (
    CLEAN,
    EXPECTED,
    REFERENCE,
    ROBUST,
    RUN_COLOURS,
    RUN_DASHES,
)
from rft_core.report.run.measurement_words import in_full
from rft_core.units import PIXEL_LEVELS, format_count

# the most classes whose names fit beside their bars, and whose shares fit into cells
NAMED_CLASSES, NUMBERED_CLASSES = 30, 12
ROW_PIXELS = 22
LONGEST_NAME = 24
PALE_TO_DARK = ((0.0, "#F3F6F9"), (0.5, "#7FB8D9"), (1.0, CLEAN))
DARK = 55


@dataclass(frozen=True)
class Line:
    """One curve of the figure: its label, whether it is the chosen evaluation, and what measured
    it.
    """

    label: str
    curve: RobustnessCurve
    is_chosen: bool = False
    measured_by: MeasuredBy | None = None


def figure_text(name: str) -> str:
    """Return the name of a class or run, cut to length and with its markup escaped for a figure."""
    return html.escape(
        name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…", quote=False
    )


def attacks_figure(own: Line, lines: Sequence[Line], *, norm: str, key: str) -> go.Figure:
    """Accuracy over epsilon in the run's own report (grey, dotted) and under each kept
    evaluation, with 95 % whiskers.
    """
    figure = blank_figure(key, height=380)
    figure.add_trace(_curve(own, norm, REFERENCE, "dot"))
    for index, line in enumerate(lines):
        figure.add_trace(
            _curve(
                line,
                norm,
                RUN_COLOURS[index % len(RUN_COLOURS)],
                RUN_DASHES[index // len(RUN_COLOURS) % len(RUN_DASHES)],
            )
        )
    largest = max(line.curve.epsilons[-1] for line in (own, *lines))
    epsilon_axis(figure, largest, norm, axis="x")
    scale = PIXEL_LEVELS if norm == "linf" else 1.0
    figure.update_xaxes(
        title="Epsilon of the attack",
        range=[-0.02 * largest * scale, max(largest * scale, 1e-6) * 1.04],
    )
    percent_axis(figure, "Accuracy on test images")
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": -0.22, "x": 0}, margin={"b": 90}
    )
    return figure


def _curve(line: Line, norm: str, colour: str, dash: str) -> go.Scatter:
    points = line.curve.points()
    whiskers = {
        "array": [100 * (point["high"] - point["accuracy"]) for point in points],
        "arrayminus": [100 * (point["accuracy"] - point["low"]) for point in points],
        "color": colour,
        "thickness": 1,
        "width": 3,
    }
    label = (
        figure_text(line.label)
        if len(line.label) <= LONGEST_NAME
        else html.escape(line.label, quote=False)
    )
    return go.Scatter(
        x=epsilon_positions(line.curve, norm),
        y=100 * np.array(line.curve.accuracies, dtype=np.float32),
        name=label,
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": 3.5 if line.is_chosen else 1.8},
        marker={"size": 7 if line.is_chosen else 5, "color": colour},
        error_y=whiskers,
        hovertemplate=(
            f"epsilon %{{x:.2f}}: %{{y:.1f}} % of {line.curve.n}"
            f" images<br>{in_full([line.measured_by])}<extra>{label}</extra>"
        ),
    )


def class_figure(rows: Sequence[dict[str, Any]], *, target: str, key: str) -> go.Figure:
    """Clean and robust accuracy of each class, largest loss first: a named row for each, or ranks
    if there are many.
    """
    rows = sorted(rows, key=lambda row: row["robust_accuracy"] - row["clean_accuracy"])
    named = len(rows) <= NAMED_CLASSES
    figure = blank_figure(key, height=max(200, 110 + ROW_PIXELS * len(rows)) if named else 380)
    names, positions = (
        [figure_text(row["class"]) for row in rows],
        np.arange(len(rows), dtype=np.int32),
    )
    values = {
        name: np.array([100 * row[name] for row in rows], dtype=np.float32)
        for name in ("clean_accuracy", "robust_accuracy")
    }
    gaps = np.full(3 * len(rows), np.nan, dtype=np.float32)
    gaps[0::3], gaps[1::3] = values["clean_accuracy"], values["robust_accuracy"]
    across = np.repeat(positions.astype(np.float32), 3)
    figure.add_trace(
        _along(
            named,
            gaps,
            across,
            mode="lines",
            line={"color": fade(REFERENCE, 0.6), "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    shown = (
        ("clean_accuracy", "Clean", CLEAN, "circle"),
        ("robust_accuracy", f"At {target}", ROBUST, "square"),
    )
    for name, label, colour, symbol in shown:
        hover = (
            f"%{{customdata[0]}}: %{{{'x' if named else 'y'}:.1f}} % of %{{customdata[1]}}"
            f" images<extra>{label}</extra>"
        )
        about = [[class_name, row["n"]] for class_name, row in zip(names, rows)]
        marker = {"color": colour, "symbol": symbol, "size": 9 if named else 5}
        figure.add_trace(
            _along(
                named,
                values[name],
                positions,
                mode="markers",
                name=label,
                marker=marker,
                customdata=about,
                hovertemplate=hover,
            )
        )
    percent = {
        "range": [-2, 104],
        "tickvals": [0, 20, 40, 60, 80, 100],
        "ticktext": ["0", "20", "40", "60", "80", "100 %"],
    }
    if named:
        figure.update_yaxes(
            tickvals=positions, ticktext=names, autorange="reversed", automargin=True
        )
        figure.update_xaxes(title="Accuracy on test images", **percent)
    else:
        figure.update_xaxes(title=f"{len(rows):,} classes, the largest loss first; names on hover")
        figure.update_yaxes(title="Accuracy on test images", **percent)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    )
    return figure


def _along(named: bool, values: np.ndarray, positions: np.ndarray, **more: Any) -> go.Scatter:
    return (
        go.Scatter(x=values, y=positions, **more)
        if named
        else go.Scatter(x=positions, y=values, **more)
    )


def confusion_figure(counts: np.ndarray, names: Sequence[str], *, key: str) -> go.Figure:
    """Predicted class (columns) for each true class (rows), in percent of the row; `counts` int (K,
    K).

    The row of a class without images is blank.
    """
    many = len(names) > NAMED_CLASSES
    shown, positions = [figure_text(name) for name in names], np.arange(len(names))
    total = counts.sum(axis=1, keepdims=True)
    percent = np.where(total > 0, 100 * counts / np.maximum(total, 1), np.nan).astype(np.float32)
    hover = "%{customdata}: %{z:.1f} %<extra></extra>"
    pairs = np.array([[f"{row} taken for {column}" for column in shown] for row in shown])
    figure = blank_figure(key, height=440)
    figure.add_trace(
        go.Heatmap(
            x=positions,
            y=positions,
            z=percent,
            zmin=0,
            zmax=100,
            colorscale=[list(stop) for stop in PALE_TO_DARK],
            colorbar={"title": {"text": "%"}, "thickness": 10},
            xgap=0 if many else 1,
            ygap=0 if many else 1,
            customdata=pairs,
            hovertemplate=hover,
        )
    )
    if len(names) <= NUMBERED_CLASSES:
        for row, column in zip(*np.nonzero(counts)):
            colour = "#FFFFFF" if percent[row, column] > DARK else "#1B1F24"
            # the page's style overrides the text colour of figures; a span keeps the colour of a
            # number in a cell
            text = f'<span style="fill:{colour};color:{colour}">{percent[row, column]:.0f}</span>'
            figure.add_annotation(
                x=column, y=row, text=text, showarrow=False, font={"size": 11, "color": colour}
            )
    ticks = (
        {"showticklabels": False}
        if many
        else {"tickvals": positions, "ticktext": shown, "automargin": True}
    )
    figure.update_xaxes(
        title="Taken for" + (f" ({len(names):,} classes; names on hover)" if many else ""),
        showgrid=False,
        **ticks,
    )
    figure.update_yaxes(title="Class", autorange="reversed", showgrid=False, **ticks)
    return figure


def parts_figure(parts: Sequence[dict[str, Any]], *, key: str) -> go.Figure:
    """Share of the weights that the strategy trains in each part of the network,
    from input to output.
    """
    names = [figure_text(part["module"]) for part in parts]
    share = np.array(
        [100 * part["trainable"] / max(part["total"], 1) for part in parts], dtype=np.float32
    )
    about = [[format_count(part["trainable"]), format_count(part["total"])] for part in parts]
    hover = "%{y}: %{x:.2f} % trained, %{customdata[0]} of %{customdata[1]}<extra></extra>"
    figure = blank_figure(key, height=max(180, 90 + ROW_PIXELS * len(parts)))
    figure.add_trace(
        go.Bar(
            x=share,
            y=names,
            orientation="h",
            marker={"color": EXPECTED},
            customdata=about,
            hovertemplate=hover,
        )
    )
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure.update_xaxes(
        title="Trained weights of the part",
        range=[0, 104],
        tickvals=[0, 25, 50, 75, 100],
        ticktext=["0", "25", "50", "75", "100 %"],
    )
    return figure
