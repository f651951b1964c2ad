"""Replay in the browser: a figure with one frame per moment of recorded time, a slider and buttons;
it needs no server.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go

from rft_core.report.story.race import race_figure, race_notes, race_traces
from rft_core.report.story.track import Track

MOST_FRAMES = 60
SPEEDS = (1, 10, 50)
# frames shorter than this are skipped: no browser draws faster, so the speed would be wrong
SHORTEST_MILLISECONDS = 50
# height of slider and buttons below the axis, pixels
ROOM = 58
# fixed, like the hover colour of the buttons: dark on light in both themes
BUTTON_COLOUR, BUTTON_INK, BUTTON_BORDER = "#E8EDF2", "#1B1F24", "#8A8F98"


def moments(end: float) -> list[float]:
    """Return the seconds of the frames: from 0 to `end`, evenly in whole seconds, at most
    MOST_FRAMES plus the end itself.
    """
    pace = max(1, math.ceil(end / MOST_FRAMES))
    seconds = [float(second) for second in range(0, math.ceil(end), pace)]
    return [*seconds, end]


def race_replay(
    tracks: Sequence[Track],
    first: Sequence[Track],
    *,
    epsilon: float,
    key: str,
    references: Sequence[Track],
    start: float,
) -> go.Figure:
    """Return the race of finished `tracks` with frames; it shows `first` until a button is
    pressed.
    """

    def moment(second: float) -> tuple[Sequence[Any], dict[str, Any]]:
        now = [track.until(second) for track in tracks]
        return race_traces(now), race_notes(now, references)

    figure = race_figure(first, epsilon=epsilon, key=key, references=references)
    return with_replay(figure, max(track.end_second for track in tracks), moment, start=start)


def with_replay(
    figure: go.Figure,
    end: float,
    draw: Callable[[float], tuple[Sequence[Any], dict[str, Any]]],
    *,
    start: float,
) -> go.Figure:
    """Return `figure` with frames and room for the controls. `draw` (second) returns the first
    traces of the figure at that second, and their layout.

    The slider starts at the moment nearest to `start`; the figure itself must show that moment.
    """
    seconds = moments(end)
    frames = []
    for second in seconds:
        traces, layout = draw(second)
        frames.append(
            go.Frame(
                name=f"{second:.1f}",
                data=list(traces),
                traces=list(range(len(traces))),
                layout=layout,
            )
        )
    figure.frames = frames
    active = min(range(len(seconds)), key=lambda index: abs(seconds[index] - start))
    top, axis = figure.layout.margin.t, figure.layout.margin.b
    y = -axis / (figure.layout.height - top - axis)
    figure.update_layout(height=figure.layout.height + ROOM, margin={"b": axis + ROOM})
    figure.update_layout(
        sliders=[_scrubber(seconds, active, y)], updatemenus=[_buttons(seconds, y)]
    )
    return figure


def _scrubber(seconds: Sequence[float], active: int, y: float) -> dict[str, Any]:
    at_once = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": True},
        "transition": {"duration": 0},
    }
    steps = [
        {"label": f"{second:.0f} s", "method": "animate", "args": [[f"{second:.1f}"], at_once]}
        for second in seconds
    ]
    value = {
        "prefix": "recorded time ",
        "xanchor": "right",
        "offset": 6,
        "font": {"size": 14, "color": "#7A8088"},
    }
    look = {
        "tickcolor": "rgba(0,0,0,0)",
        "font": {"color": "rgba(0,0,0,0)"},
        "ticklen": 0,
        "minorticklen": 0,
    }
    return {
        "active": active,
        "steps": steps,
        "currentvalue": value,
        "x": 0.36,
        "len": 0.64,
        "y": y,
        "pad": {"t": 0, "b": 0},
    } | look


def _buttons(seconds: Sequence[float], y: float) -> dict[str, Any]:
    plays = [
        {"label": f"▶ {speed}×", "method": "animate", "args": list(play_arguments(seconds, speed))}
        for speed in SPEEDS
    ]
    pause = {
        "label": "❚❚",
        "method": "animate",
        "args": [[None], {"mode": "immediate", "frame": {"duration": 0, "redraw": False}}],
    }
    position = {
        "type": "buttons",
        "direction": "right",
        "x": 0,
        "xanchor": "left",
        "y": y,
        "yanchor": "top",
        "pad": {"t": 6, "r": 0},
        "showactive": False,
    }
    look = {
        "bgcolor": BUTTON_COLOUR,
        "font": {"color": BUTTON_INK, "size": 14},
        "bordercolor": BUTTON_BORDER,
    }
    return {"buttons": [*plays, pause]} | position | look


def play_arguments(seconds: Sequence[float], speed: float) -> tuple[list[str], dict[str, Any]]:
    """Return (frames, options) for Plotly's animate that play `seconds` at `speed` times recorded
    time, always with the last frame.
    """
    pace = 1000 * (seconds[1] - seconds[0]) / speed if len(seconds) > 1 else 1000
    stride = max(1, math.ceil(SHORTEST_MILLISECONDS / pace))
    names = [f"{second:.1f}" for second in seconds]
    chosen = names[::stride] if names[-1] in names[::stride] else [*names[::stride], names[-1]]
    options = {
        "frame": {"duration": pace * stride, "redraw": True},
        "fromcurrent": True,
        "mode": "immediate",
        "transition": {"duration": 0},
    }
    return chosen, options
