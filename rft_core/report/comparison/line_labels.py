"""The names of lines: at their right ends if there are few lines, else in a legend below."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from rft_core.report.comparison.bands import Band

# more lines than this are named in a legend; fewer have labels at their ends
MOST_LABELS = 4
LEGEND_ROW_PIXELS, LEGEND_COLUMNS, LEGEND_GAP_PIXELS = 20, 2, 18
LABEL_ROOM, LABEL_PIXELS, LONGEST_LABEL = 1.42, 17, 26


def legend_below(figure: go.Figure, entries: int) -> None:
    """Put the legend below the axis title and add height for it: the plot keeps its own height."""
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


def label_ends(
    figure: go.Figure, ends: Sequence[tuple[str, str, Band]], pixels: float, **subplot: int
) -> None:
    """Write each (text, colour, band) at the right end of its line, moved apart where lines end
    close together; the plot is `pixels` high, `subplot` its row and col.
    """
    ends = sorted(ends, key=lambda end: float(end[2].mean[-1]))
    heights = spread_apart(
        [float(band.mean[-1]) for _, _, band in ends], gap=LABEL_PIXELS * 106 / pixels
    )
    for y, (text, colour, band) in zip(heights, ends):
        label = f'<span style="color:{colour}">■</span> {escape(text)}'
        figure.add_annotation(
            x=float(band.x[-1]),
            y=y,
            text=label,
            showarrow=False,
            xanchor="left",
            xshift=6,
            font={"size": 12},
            **subplot,
        )


def shortened(label: str) -> str:
    """Return a label that fits beside a line."""
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def spread_apart(
    heights: Sequence[float], gap: float, low: float = 2.0, high: float = 100.0
) -> list[float]:
    """Return `heights` (rising) moved as little as needed to be `gap` apart, inside low .. high if
    they fit.
    """
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + gap if moved else low))
    ceiling = high
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved
