"""Figures of one run: accuracy during training, epsilon over its steps, its robustness curve."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.report.drawing.axes import (
    blank_figure,
    epsilon_axis,
    epsilon_positions,
    percent_axis,
    round_marks,
)
from rft_core.report.drawing.canvas import fade
from rft_core.report.drawing.labels import end_label
from rft_core.report.drawing.palette import CLEAN, EPSILON, EXPECTED, REFERENCE, ROBUST
from rft_core.report.run.history import RunHistory
from rft_core.report.run.measurement_words import chips, in_full
from rft_core.units import PIXEL_LEVELS

# room to the right of the last step for the labels at the lines' ends
STEP_MARGIN = 1.22
STRIP_POINTS = 150


def accuracy_figure(
    history: RunHistory,
    *,
    total_steps: int | None,
    steps_per_epoch: float | None,
    target: str,
    key: str,
    marked_step: int | None = None,
    measured_by: Sequence[MeasuredBy] = (),
) -> go.Figure:
    """Clean accuracy, robust accuracy at the target and expected robustness of one run over its
    steps; `measured_by` names the attacks.
    """
    figure = blank_figure(key, height=330)
    steps = history.column("step")
    rows = (
        ("clean", "Clean", CLEAN, "solid", "circle"),
        ("robust", f"At {target}", ROBUST, "dash", "square"),
        ("expected", "Expected", EXPECTED, "dot", "diamond"),
    )
    for name, label, colour, dash, symbol in rows:
        values = 100 * history.column(name)
        figure.add_trace(
            _line(
                steps,
                values,
                label,
                colour,
                dash,
                symbol,
                n=_counts(history),
                by="" if name == "clean" else in_full(measured_by),
            )
        )
        end_label(figure, steps, values, label, colour)
    _steps_axis(
        figure,
        total_steps,
        steps_per_epoch,
        title=f"Step; attacked by {chips(measured_by)}" if measured_by else "Step",
    )
    percent_axis(figure, "Accuracy on validation images")
    if history.onset:
        _vertical(
            figure,
            history.onset["step"],
            f"adapts at step {history.onset['step']} (epoch {history.onset['epoch']:.1f})",
        )
    if marked_step is not None:
        figure.add_vline(x=marked_step, line={"color": REFERENCE, "width": 1})
    return figure


def epsilon_strip(
    progress: Sequence[float],
    factors: Sequence[float],
    *,
    epsilon: float,
    norm: str,
    total_steps: int | None,
    done: RunHistory | None,
    key: str,
) -> go.Figure:
    """Epsilon over the steps of a run: the plan as a thin line, the steps so far as a filled
    one.
    """
    figure = blank_figure(key, height=130)
    scale, unit = (PIXEL_LEVELS, "/255") if norm == "linf" else (1.0, "")
    span = total_steps or 1
    planned = np.array(factors, dtype=np.float32) * epsilon * scale
    figure.add_trace(
        go.Scatter(
            x=np.array(progress, dtype=np.float32) * span,
            y=planned,
            mode="lines",
            line={"color": EPSILON, "width": 1.5, "dash": "dot"},
            name="planned",
            hovertemplate=f"planned %{{y:.2f}}{unit}<extra></extra>",
        )
    )
    if done is not None and len(done.training["step"]):
        # the strip has no room for more points; the newest is always among them
        stride = max(1, len(done.training["step"]) // STRIP_POINTS)
        reached, actual = (done.training[name][::-stride][::-1] for name in ("step", "epsilon"))
        figure.add_trace(
            go.Scatter(
                x=reached,
                y=actual * scale,
                mode="lines",
                line={"color": EPSILON, "width": 2},
                fill="tozeroy",
                fillcolor=fade(EPSILON, 0.25),
                name="so far",
                hovertemplate=f"step %{{x}}: %{{y:.2f}}{unit}<extra></extra>",
            )
        )
    figure.update_xaxes(
        range=[0, span * STEP_MARGIN],
        title=None,
        showgrid=False,
        tickvals=[mark for mark in round_marks(span * STEP_MARGIN) if mark <= span],
    )
    epsilon_axis(figure, epsilon, norm, axis="y")
    figure.update_yaxes(title="Epsilon", range=[0, max(epsilon * scale, 1e-6) * 1.1])
    return figure


def robustness_figure(
    curve: RobustnessCurve | None,
    *,
    epsilon: float,
    norm: str,
    key: str,
    final: bool,
    measured_by: MeasuredBy | None = None,
) -> go.Figure:
    """Accuracy over epsilon of one model, measured by `measured_by`; the area under it is expected
    robustness.
    """
    figure = blank_figure(key, height=330)
    if curve is not None:
        x, y = epsilon_positions(curve, norm), 100 * np.array(curve.accuracies, dtype=np.float32)
        points = curve.points()
        spread = {
            "array": [100 * (p["high"] - p["accuracy"]) for p in points],
            "arrayminus": [100 * (p["accuracy"] - p["low"]) for p in points],
            "color": ROBUST,
            "thickness": 1,
            "width": 3,
        }
        hover = (
            f"epsilon %{{x:.2f}}<br>%{{y:.1f}} % of {curve.n}"
            f" images<br>{in_full([measured_by])}<extra></extra>"
        )
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines+markers",
                line={"color": EXPECTED, "width": 2.5},
                marker={"size": 6, "color": EXPECTED},
                fill="tozeroy",
                fillcolor=fade(EXPECTED, 0.2),
                error_y=spread,
                hovertemplate=hover,
            )
        )
        label = (
            f"area = expected robustness<br><b>{100 * curve.expected_robustness:.1f}"
            f" %</b><br>{chips([measured_by])}"
        )
        # below a curve that stays high, above one that falls
        corner = {"y": 0.06, "yanchor": "bottom"} if y[-1] > 50 else {"y": 0.97, "yanchor": "top"}
        figure.add_annotation(
            text=label,
            xref="paper",
            yref="paper",
            x=0.97,
            xanchor="right",
            showarrow=False,
            align="right",
            font={"size": 13},
            **corner,
        )
    epsilon_axis(figure, epsilon, norm, axis="x")
    scale = PIXEL_LEVELS if norm == "linf" else 1.0
    figure.update_xaxes(
        title="Epsilon of the attack",
        range=[-0.02 * epsilon * scale, max(epsilon * scale, 1e-6) * 1.04],
    )
    percent_axis(figure, "Accuracy on test images" if final else "Accuracy on validation images")
    return figure


def _line(
    x: np.ndarray,
    y: np.ndarray,
    label: str,
    colour: str,
    dash: str,
    symbol: str,
    n: np.ndarray,
    by: str,
) -> go.Scatter:
    # one number if all points have the same, as they nearly always do: a live chart sends every
    # array
    # again
    same = len(set(n.tolist())) == 1
    hover = (
        f"{label}<br>step %{{x}}: %{{y:.1f}} % of {n[0] if same else '%{customdata}'}"
        f" images{f'<br>{by}' if by else ''}<extra></extra>"
    )
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        name=label,
        line={"color": colour, "dash": dash, "width": 2.5},
        marker={"symbol": symbol, "size": 6, "color": colour},
        customdata=None if same else n,
        hovertemplate=hover,
    )


def _counts(history: RunHistory) -> np.ndarray:
    return np.array([measurement.curve.n for measurement in history.measurements], dtype=np.int32)


def _vertical(figure: go.Figure, x: float, text: str) -> None:
    figure.add_vline(x=x, line={"color": REFERENCE, "width": 1.5, "dash": "dot"})
    figure.add_annotation(
        x=x,
        y=1.0,
        yref="paper",
        text=text,
        showarrow=False,
        xanchor="left",
        xshift=4,
        yanchor="top",
        font={"size": 12},
    )


def _steps_axis(
    figure: go.Figure, total_steps: int | None, steps_per_epoch: float | None, title: str
) -> None:
    """Draw steps on the lower axis and epochs on the upper axis."""
    span = (total_steps or 1) * STEP_MARGIN
    marks = [mark for mark in round_marks(span) if mark <= (total_steps or 1)]
    figure.update_xaxes(title=title, range=[0, span], tickvals=marks)
    if steps_per_epoch:
        # a second axis is only drawn when something is plotted on it
        figure.add_trace(
            go.Scatter(x=[0], y=[0], xaxis="x2", opacity=0, hoverinfo="skip", showlegend=False)
        )
        marks = [
            mark
            for mark in round_marks(span / steps_per_epoch)
            if mark * steps_per_epoch <= (total_steps or 1)
        ]
        epochs = {
            "overlaying": "x",
            "side": "top",
            "range": [0, span / steps_per_epoch],
            "title": {"text": "Epoch", "standoff": 4},
            "showgrid": False,
            "tickvals": marks,
        }
        figure.update_layout(xaxis2=epochs, margin={"t": 52})
