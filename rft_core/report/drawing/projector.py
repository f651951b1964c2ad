"""A figure enlarged for a projector: larger type, thicker lines, taller."""

from typing import Any

import plotly.graph_objects as go

TYPE, LINE, HEIGHT = 1.4, 1.6, 1.45
# other lengths in pixels, which grow with the type
LENGTHS = ("xshift", "yshift", "standoff", "itemwidth")


def enlarge(figure: go.Figure) -> go.Figure:
    """Return a copy of `figure` with type 1.4, lines 1.6 and height 1.45 times as large, in all
    frames; data and ranges stay.
    """
    document = figure.to_plotly_json()
    layout = _grown(document.get("layout", {}))
    if "height" in layout:
        layout["height"] = round(HEIGHT * layout["height"])
    layout["margin"] = {side: TYPE * size for side, size in layout.get("margin", {}).items()}
    frames = [go.Frame(_grown(frame)) for frame in document.get("frames", [])]
    return go.Figure([_grown(trace) for trace in document["data"]], layout, frames or None)


def _grown(node: Any, name: str = "") -> Any:
    if isinstance(node, dict):
        return {key: _size(key, value, name) for key, value in node.items()}
    # plotly keeps lists of annotations, shapes and buttons as tuples
    return (
        [_grown(item, name) for item in node]
        if isinstance(node, (list, tuple)) and any(isinstance(item, dict) for item in node)
        else node
    )


def _size(key: str, value: Any, parent: str) -> Any:
    if isinstance(value, (dict, list, tuple)):
        return _grown(value, key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if key == "size" and (parent.endswith("font") or parent == "marker") or key in LENGTHS:
        return TYPE * value
    return LINE * value if key == "width" and parent == "line" else value
