"""Labels at the right end of lines: readable in both themes, without overlap."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

# height of a label, in percentage points of the accuracy axis
LABEL_HEIGHT = 6.0


def end_label(figure: go.Figure, x: np.ndarray, y: np.ndarray, label: str, colour: str) -> None:
    """Write the label and the last value (percent) of a line at its right end, clear of earlier
    labels.
    """
    if not len(x):
        return
    taken = [note.y for note in figure.layout.annotations if note.xanchor == "left"]
    height = _free_height(float(y[-1]), taken)
    # only the mark is coloured: most of these colours are too pale for text on one of the themes
    text = f'<span style="color:{colour}">●</span> {label} {y[-1]:.1f} %'
    figure.add_annotation(
        x=float(x[-1]),
        y=height,
        text=text,
        showarrow=False,
        xanchor="left",
        xshift=6,
        font={"size": 12},
    )


def _free_height(wanted: float, taken: Sequence[float]) -> float:
    """Return the height on a percent axis nearest to `wanted` that is LABEL_HEIGHT from all
    `taken`, so that labels of lines that end together are readable.
    """
    shifts = sorted(range(-100, 101), key=lambda shift: (abs(shift), -shift))
    inside = (wanted + shift for shift in shifts if 0 <= wanted + shift <= 102)
    return next(
        (
            height
            for height in inside
            if all(abs(height - other) >= LABEL_HEIGHT for other in taken)
        ),
        wanted,
    )
