"""The parts that figures are made of: size, axes and their marks, faded colours, notes readable in
both themes.
"""

from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rft_core.units import PIXEL_LEVELS, format_epsilon

PERCENT_MARKS = MappingProxyType(
    {
        "range": (-2, 104),
        "tickvals": (0, 20, 40, 60, 80, 100),
        "ticktext": ("0", "20", "40", "60", "80", "100 %"),
    }
)


def blank(key: str, height: int, **margin: int) -> go.Figure:
    """Return an empty figure of fixed height; its `key` keeps zoom and hidden traces
    when new data arrive.
    """
    figure = go.Figure()
    margin = {"l": 56, "r": 12, "t": 30, "b": 44} | margin
    return figure.update_layout(
        height=height,
        margin=margin,
        uirevision=key,
        showlegend=False,
        hovermode="closest",
        font={"size": 14},
    )


def percent_axis(title: str | None, **more: Any) -> dict[str, Any]:
    """Return an accuracy axis, 0 to 100 %, that stays put."""
    return {"title": title, **PERCENT_MARKS, "fixedrange": True} | more


def epsilon_axis(title: str | None, epsilon: float, most: int = 5, **more: Any) -> dict[str, Any]:
    """Return an linf epsilon axis in 255ths from 0 to `epsilon`, labelled 0, 2/255, ... with
    at most `most` labels.
    """
    levels = max(epsilon * PIXEL_LEVELS, 1.0)
    return {
        "title": title,
        **epsilon_marks(levels, most),
        "range": [-0.02 * levels, 1.05 * levels],
        "fixedrange": True,
    } | more


def epsilon_marks(levels: float, most: int = 5) -> dict[str, Any]:
    """Return at most `most` marks of an linf axis from 0 to `levels` 255ths,
    labelled 0, 2/255, ...
    """
    pace = max(1, int(np.ceil(levels / (most - 1))))
    marks = list(range(0, int(np.floor(levels + 1e-6)) + 1, pace))
    return {
        "tickvals": marks,
        "ticktext": [format_epsilon(mark / PIXEL_LEVELS) for mark in marks],
    }


def fade(colour: str, opacity: float) -> str:
    """Return "#RRGGBB" with an opacity, 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def note(text: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    """Return a text at (x, y), left-aligned and vertically centred.

    Every property is written out: Plotly merges the notes of a frame into those of the frame
    before, so a missing property would keep its old value.
    """
    where = {
        "x": x,
        "y": y,
        "xref": "x",
        "yref": "y",
        "xanchor": "left",
        "yanchor": "middle",
        "xshift": 0,
    }
    return {
        "text": text,
        **where,
        "showarrow": False,
        "align": "left",
        "opacity": 1.0,
        "font": {"size": 14},
    } | more


def rule(colour: str, x0: float, x1: float, y0: float, y1: float) -> dict[str, Any]:
    """Return a dotted line between two points, written out like a note."""
    ends = {"x0": x0, "x1": x1, "y0": y0, "y1": y1, "xref": "x", "yref": "y"}
    return {"type": "line", **ends, "line": {"color": colour, "width": 1.5, "dash": "dot"}}


def apart(heights: list[float], least: float, low: float = 0.0, high: float = 100.0) -> list[float]:
    """Return `heights` moved apart until neighbours differ by `least`, in the same order, within
    [low, high] if they fit.
    """
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    moved = list(heights)
    for below, above in zip(order, order[1:]):
        moved[above] = max(moved[above], moved[below] + least)
    ceiling = high
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - least
    return [max(low, value) for value in moved]
