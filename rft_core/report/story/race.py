"""The race: clean accuracy of a few runs over their steps at any second, with onset, gap and
epsilon.

The same drawing serves the live race (the events so far) and the replay of recorded runs
(replay.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from rft_core.metrics.transfer import onset_threshold
from rft_core.report.drawing.canvas import (
    apart,
    blank,
    epsilon_axis,
    fade,
    note,
    percent_axis,
    rule,
)
from rft_core.report.drawing.palette import EPSILON, REFERENCE
from rft_core.report.story.track import Track, gap
from rft_core.units import PIXEL_LEVELS, format_percent

HEIGHT = 480
# room to the right of the last step for the final marks and the labels, in shares of all steps
MARGIN, END, GUESS, TEXT = 1.42, 1.03, 1.06, 1.09
LEAST_DISTANCE = 7.0
# a smaller gap has no room for a number
SMALLEST_GAP = 0.08
FAINT = 0.4


def race_figure(
    tracks: Sequence[Track], *, epsilon: float, key: str, references: Sequence[Track] = ()
) -> go.Figure:
    """Draw the race: `tracks` (the run that adapts more slowly first), the gap between the first
    two, and their epsilon on a strip below.

    `references` are drawn faint behind them. `epsilon` is the target, pixel scale.
    """
    figure = blank(key, HEIGHT, t=52, b=48, l=60)
    total = max(track.total_steps for track in [*tracks, *references])
    # the number of steps of a queued run is not known yet
    tracks = [replace(track, total_steps=total) for track in tracks]
    figure.add_traces(race_traces(tracks))
    figure.add_traces([_line(track, FAINT) for track in references])
    # a second axis is only drawn when something is plotted on it
    figure.add_trace(go.Scatter(x=[0], y=[0], xaxis="x2", opacity=0, hoverinfo="skip"))
    figure.update_layout(**race_notes(tracks, references))
    span = total * MARGIN
    last = tracks[0].epochs
    per_epoch = total / last
    epochs = list(range(0, last + 1, max(1, round(last / 30) * 5 if last > 10 else 1)))
    figure.update_layout(
        xaxis={
            "title": "Step",
            "range": [0, span],
            "tickvals": [round(epoch * per_epoch) for epoch in epochs],
            "anchor": "y2",
            "fixedrange": True,
        },
        xaxis2={
            "title": {"text": "Epoch", "standoff": 4},
            "overlaying": "x",
            "side": "top",
            "anchor": "y",
            "range": [0, span / per_epoch],
        }
        | {"tickvals": epochs, "showgrid": False, "fixedrange": True},
        yaxis=percent_axis("Clean accuracy", domain=[0.27, 1]),
        yaxis2=epsilon_axis(
            "Epsilon",
            epsilon,
            3,
            domain=[0, 0.17],
            range=[-0.06 * epsilon * PIXEL_LEVELS, 1.15 * epsilon * PIXEL_LEVELS],
        ),
    )
    return figure


def race_traces(tracks: Sequence[Track]) -> list[go.Scatter]:
    """Return the traces of a moment: always the same number in the same order, as frames need
    it.
    """
    return [
        _gap_area(tracks),
        *[
            trace
            for track in tracks
            for trace in (_line(track), _end(track), _guess(track), _strip(track))
        ],
    ]


def race_notes(tracks: Sequence[Track], references: Sequence[Track] = ()) -> dict[str, Any]:
    """Return the annotations and shapes of a moment: names at the ends of lines, onsets, size of
    the gap, threshold.
    """
    drawn = [track for track in [*tracks, *references] if track.steps and track.label]
    guessed = [(track, track.guess) for track in tracks if track.guess is not None]
    heights = apart(
        [100 * _last(track) for track in drawn] + [100 * guess for _, guess in guessed],
        LEAST_DISTANCE,
    )
    notes = [
        _name(track, height, faint=track in references) for track, height in zip(drawn, heights)
    ]
    notes += [
        note(
            f"guess, {track.label}: {100 * guess:.0f} %",
            TEXT * track.total_steps,
            height,
            xshift=10,
            font={"size": 12},
        )
        for (track, guess), height in zip(guessed, heights[len(drawn) :])
    ]
    shapes = []
    for index, track in enumerate(tracks):
        if track.onset:
            _, step, epoch = track.onset
            shapes.append(rule(track.colour, step, step, -2, 104))
            notes.append(
                note(
                    f"{track.label} adapts at step {step} (epoch {epoch:.1f})",
                    step,
                    101 - 7 * index,
                    xshift=6,
                    font={"size": 13},
                )
            )
    if size := _gap_note(tracks):
        notes.append(size)
    if tracks[0].classes:
        threshold = 100 * onset_threshold(tracks[0].classes)
        shapes.append(rule(REFERENCE, 0, tracks[0].total_steps, threshold, threshold))
    return {"annotations": notes, "shapes": shapes}


def _last(track: Track) -> float:
    return track.end["accuracy"] if track.end else track.clean[-1]


def _name(track: Track, height: float, faint: bool) -> dict[str, Any]:
    """Return the name at the end of a line; for a finished run with its accuracy on the test
    images.
    """
    never = "<br>never adapts" if track.end and track.onset is None and not faint else ""
    text = (
        f"<b>{track.label}</b> {format_percent(track.end['accuracy'])}{never}"
        if track.end
        else f"<b>{track.label}</b>"
    )
    x = TEXT * track.total_steps if track.end else track.steps[-1]
    return note(text, x, height, xshift=10, font={"size": 15}, opacity=0.65 if faint else 1.0)


def _gap_note(tracks: Sequence[Track]) -> dict[str, Any] | None:
    if len(tracks) < 2:
        return None
    steps, low, high = gap(*tracks[:2])
    if len(steps) < 2 or high[-1] - low[-1] < SMALLEST_GAP:
        return None
    size = high[-1] - low[-1]
    if tracks[0].end and tracks[1].end:
        size = tracks[1].end["accuracy"] - tracks[0].end["accuracy"]
    return note(
        f"gap {100 * size:.0f} points",
        steps[-1],
        50 * (low[-1] + high[-1]),
        xanchor="right",
        xshift=-12,
        font={"size": 15},
    )


def _gap_area(tracks: Sequence[Track]) -> go.Scatter:
    steps, low, high = gap(*tracks[:2]) if len(tracks) > 1 else ([], [], [])
    y = [100 * value for value in [*high, *reversed(low)]]
    return go.Scatter(
        x=[*steps, *reversed(steps)],
        y=y,
        fill="toself",
        fillcolor=fade(REFERENCE, 0.2),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )


def _line(track: Track, opacity: float = 1.0) -> go.Scatter:
    return go.Scatter(
        x=list(track.steps),
        y=[100 * value for value in track.clean],
        mode="lines+markers",
        opacity=opacity,
        line={
            "color": track.colour,
            "dash": track.dash if opacity == 1 else "dot",
            "width": 3 if opacity == 1 else 2,
        },
        marker={"symbol": track.symbol, "size": 8 if opacity == 1 else 5, "color": track.colour},
        hovertemplate=(
            f"{track.label}<br>step %{{x}}: %{{y:.1f}} % of {track.images} validation"
            " images<extra></extra>"
        ),
    )


def _end(track: Track) -> go.Scatter:
    """The final model on the test images, with its 95 % interval."""
    point = track.end or {"accuracy": 0, "low": 0, "high": 0, "n": 0}
    whisker = {
        "array": [100 * (point["high"] - point["accuracy"])],
        "arrayminus": [100 * (point["accuracy"] - point["low"])],
    }
    return go.Scatter(
        x=[END * track.total_steps] if track.end else [],
        y=[100 * point["accuracy"]] if track.end else [],
        error_y=(
            whisker | {"color": track.colour, "thickness": 2, "width": 5} if track.end else None
        ),
        mode="markers",
        marker={
            "symbol": track.symbol,
            "size": 13,
            "color": track.colour,
            "line": {"width": 1.5, "color": "white"},
        },
        hovertemplate=(
            f"{track.label}, final model<br>%{{y:.1f}} % of {point['n']} test images<extra></extra>"
        ),
    )


def _guess(track: Track) -> go.Scatter:
    return go.Scatter(
        x=[] if track.guess is None else [GUESS * track.total_steps],
        y=[] if track.guess is None else [100 * track.guess],
        mode="markers",
        marker={
            "symbol": f"{track.symbol}-open",
            "size": 13,
            "color": track.colour,
            "line": {"width": 2.5},
        },
        hovertemplate=f"your guess for {track.label}: %{{y:.0f}} %<extra></extra>",
    )


def _strip(track: Track) -> go.Scatter:
    return go.Scatter(
        x=[step for _, step, _ in track.training],
        y=[PIXEL_LEVELS * epsilon for _, _, epsilon in track.training],
        yaxis="y2",
        mode="lines",
        line={"color": EPSILON, "dash": track.dash, "width": 2.5},
        hovertemplate=f"{track.label}, step %{{x}}: %{{y:.2f}}/255<extra></extra>",
    )
