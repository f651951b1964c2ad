"""The figures of the story other than the race: an attacked picture, a fragile run, three
robustness curves.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.recordings.reading import Gallery, Recording
from rft_core.report.drawing.canvas import apart, blank, epsilon_axis, fade, note, percent_axis
from rft_core.report.drawing.palette import CLEAN, EXPECTED, REFERENCE, ROBUST, run_style
from rft_core.report.run.measurement_words import in_brackets, in_full
from rft_core.report.story.replay import with_replay
from rft_core.report.story.track import STYLES
from rft_core.spec.measured_by import event_measured_by
from rft_core.units import PIXEL_LEVELS, format_epsilon, format_percent

# at 8/255 grey turns white or black, so one factor serves every epsilon of the gallery
MAGNIFY = 16
SHOWN_BARS = 4


def magnified(gallery: Gallery, image: int, level: int) -> np.ndarray:
    """Return the perturbation at epsilon index `level` of the gallery, magnified MAGNIFY times
    around grey, (H, W, 3) uint8.
    """
    return np.clip(
        255 * (0.5 + MAGNIFY * gallery.delta[image, level].astype(np.float64)), 0, 255
    ).astype(np.uint8)


def confidence_figure(gallery: Gallery, image: int, level: int, *, key: str) -> go.Figure:
    """The most likely classes of one attacked picture according to the model, the true class in the
    colour of clean accuracy.
    """
    figure = blank(key, 230, t=6, b=44, l=10, r=10)
    names = [str(name) for name in gallery.names[image, level, :SHOWN_BARS]]
    shares = [100 * float(value) for value in gallery.confidences[image, level, :SHOWN_BARS]]
    truth = gallery.truth[image]
    colours = [CLEAN if name == truth else ROBUST for name in names]
    texts = [
        f"{name}{' (the truth)' if name == truth else ''}  {share:.1f} %"
        for name, share in zip(names, shares)
    ]
    figure.add_trace(
        go.Bar(
            x=shares,
            y=list(range(len(names))),
            orientation="h",
            marker_color=colours,
            width=0.72,
            hoverinfo="skip",
        )
    )
    for row, (text, share) in enumerate(zip(texts, shares)):
        # beside a short bar, inside a long one
        inside = share > 55
        position = {"x": 0 if inside else share, "xshift": 8, "font": {"size": 14}}
        figure.add_annotation(
            note(
                f'<span style="color:#FFFFFF">{text}</span>' if inside else text,
                0,
                row,
                xref="x",
                yref="y",
            )
            | position
        )
    title = {
        "text": "How sure is the model about the attacked picture?",
        "font": {"size": 14},
        "standoff": 2,
    }
    figure.update_layout(
        xaxis={
            "range": [0, 100],
            "domain": [0, 0.97],
            "tickvals": [0, 50, 100],
            "ticktext": ["0", "50", "100 %"],
            "fixedrange": True,
            "title": title,
        },
        yaxis={"range": [SHOWN_BARS - 0.5, -0.5], "visible": False, "fixedrange": True},
        bargap=0.2,
    )
    return figure


def fragile_figure(recording: Recording, *, key: str) -> go.Figure:
    """Replay of one run: clean accuracy and accuracy at the target over its steps, and its
    robustness curve as it stood.
    """
    target, events = (
        recording.spec.threat.epsilon,
        [event for event in recording.events if event.kind == "eval"],
    )
    end = recording.events[-1].wall_time
    figure = blank(key, 450, t=30, b=62, l=60)

    def draw(second: float) -> tuple[list[go.Scatter], dict[str, Any]]:
        seen = [event for event in events if event.wall_time <= second]
        done = second >= end
        points = recording.report["curve"] if done else seen[-1].payload["curve"] if seen else []
        by = (
            recording.measured_by
            if done
            else event_measured_by(recording.spec, seen[-1].payload)
            if seen
            else None
        )
        notes = _fragile_notes(seen, points, recording.total_steps, done, target, by)
        return _fragile_traces(recording, seen, points, by), {"annotations": notes}

    traces, layout = draw(end)
    figure.add_traces(traces)
    total, per_epoch = recording.total_steps, recording.total_steps / recording.spec.optim.epochs
    ticks = [round(epoch * per_epoch) for epoch in range(0, recording.spec.optim.epochs + 1, 10)]
    labels = [f"{step}<br>epoch {step / per_epoch:.0f}" for step in ticks]
    figure.update_layout(
        **layout,
        xaxis={
            "title": {"text": "Step", "standoff": 2},
            "domain": [0, 0.56],
            "range": [0, 1.42 * total],
            "tickvals": ticks,
            "ticktext": labels,
        }
        | {"fixedrange": True},
        yaxis=percent_axis("Accuracy"),
        xaxis2=epsilon_axis("Epsilon of the attack", target, domain=[0.66, 1], anchor="y2"),
        yaxis2=percent_axis(None, anchor="x2"),
    )
    return with_replay(figure, end, draw, start=end)


def _fragile_traces(
    recording: Recording,
    seen: Sequence[Any],
    points: Sequence[dict[str, Any]],
    by: MeasuredBy | None,
) -> list[go.Scatter]:
    target, steps = recording.spec.threat.epsilon, [event.step for event in seen]
    tracked = [event_measured_by(recording.spec, event.payload) for event in seen]
    lines = []
    for index, (name, colour, dash, symbol) in (
        (0, ("clean", CLEAN, "solid", "circle")),
        (-1, (f"at {format_epsilon(target)}", ROBUST, "dash", "square")),
    ):
        values = [100 * event.payload["curve"][index]["accuracy"] for event in seen]
        attack = f"<br>{in_full(tracked)}" if index else ""
        hover = f"{name}<br>step %{{x}}: %{{y:.1f}} % of validation images{attack}<extra></extra>"
        look = {
            "line": {"color": colour, "dash": dash, "width": 3},
            "marker": {"symbol": symbol, "size": 8, "color": colour},
        }
        lines.append(
            go.Scatter(x=steps, y=values, mode="lines+markers", hovertemplate=hover, **look)
        )
    return [
        *lines,
        _curve_trace(points, EXPECTED, "solid", "circle", 0.25, by, xaxis="x2", yaxis="y2"),
    ]


def _fragile_notes(
    seen: Sequence[Any],
    points: Sequence[dict[str, Any]],
    total: int,
    done: bool,
    target: float,
    by: MeasuredBy | None,
) -> list[dict[str, Any]]:
    if not seen or by is None:
        return []
    heights = apart([100 * seen[-1].payload["curve"][index]["accuracy"] for index in (0, -1)], 8)
    names = ("clean pictures", f"attacked, {format_epsilon(target)}")
    notes = [
        note(f"<b>{name}</b>", seen[-1].step, height, xshift=10)
        for name, height in zip(names, heights)
    ]
    images = f"{by.short}, {points[0]['n']:,} {'test' if done else 'validation'} images"
    expected = format_percent(RobustnessCurve.from_points(points).expected_robustness)
    area = f"area = expected robustness<br><b>{expected}</b><br>{images}"
    return [
        *notes,
        note(
            area,
            0.99,
            0.98,
            xref="paper",
            yref="paper",
            xanchor="right",
            yanchor="top",
            align="right",
        ),
    ]


def _curve_trace(
    points: Sequence[dict[str, Any]],
    colour: str,
    dash: str,
    symbol: str,
    opacity: float,
    by: MeasuredBy | None,
    **axes: str,
) -> go.Scatter:
    whiskers = {
        "array": [100 * (point["high"] - point["accuracy"]) for point in points],
        "arrayminus": [100 * (point["accuracy"] - point["low"]) for point in points],
    }
    return go.Scatter(
        x=[PIXEL_LEVELS * point["epsilon"] for point in points],
        y=[100 * point["accuracy"] for point in points],
        customdata=[point["n"] for point in points],
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": 3},
        marker={"size": 8, "symbol": symbol, "color": colour},
        error_y=whiskers | {"color": colour, "thickness": 1.2, "width": 3},
        fill="tozeroy" if opacity else None,
        fillcolor=fade(colour, opacity) if opacity else None,
        hovertemplate=(
            "epsilon %{x:.0f}/255: %{y:.1f} % of %{customdata}"
            f" images<br>{in_full([by])}<extra></extra>"
        ),
        **axes,
    )


def area_figure(recordings: Sequence[Recording], shaded: str, index: int, *, key: str) -> go.Figure:
    """Robustness curves of the recorded runs, with the area of the run named `shaded` filled and a
    line at epsilon `index` of the curve.
    """
    figure = blank(key, 500, t=26, b=56, l=60)
    target = recordings[0].spec.threat.epsilon
    names = []
    for recording in recordings:
        number, dash, symbol = STYLES[recording.name]
        opacity = 0.28 if recording.name == shaded else 0
        figure.add_trace(
            _curve_trace(
                recording.report["curve"],
                run_style(number)[0],
                dash,
                symbol,
                opacity,
                recording.measured_by,
            )
        )
        names.append(
            f"<b>{recording.name}</b>: expected robustness"
            f" {format_percent(recording.report['expected_robustness'])}"
        )
    epsilon = PIXEL_LEVELS * recordings[0].report["curve"][index]["epsilon"]
    figure.add_vline(x=epsilon, line={"color": REFERENCE, "width": 2, "dash": "dot"})
    for row, (recording, text) in enumerate(zip(recordings, names)):
        colour = run_style(STYLES[recording.name][0])[0]
        mark = f'<span style="color:{colour}">{"●■◆"[row]}</span> '
        figure.add_annotation(
            note(
                mark + text,
                0.99,
                0.98 - 0.085 * row,
                xref="paper",
                yref="paper",
                xanchor="right",
                yanchor="top",
                font={"size": 16},
            )
        )
    title = in_brackets(
        "Epsilon of the attack", [recording.measured_by for recording in recordings]
    )
    figure.update_layout(
        xaxis=epsilon_axis(title, target), yaxis=percent_axis("Accuracy on test images")
    )
    return figure
