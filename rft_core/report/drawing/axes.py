"""An empty figure, its tool bar, and its axes: percent, epsilon, round numbers of steps."""

from types import MappingProxyType

import numpy as np
import plotly.graph_objects as go

from rft_core.metrics.curve import RobustnessCurve
from rft_core.report.drawing.canvas import PERCENT_MARKS, blank, epsilon_marks
from rft_core.units import PIXEL_LEVELS

CONFIG = MappingProxyType(
    {
        "displaylogo": False,
        "modeBarButtonsToRemove": ("select2d", "lasso2d", "autoScale2d"),
        "displayModeBar": "hover",
    }
)


def blank_figure(key: str, height: int) -> go.Figure:
    """Return an empty figure of `height` pixels; `key` names its content, so that zoom survives new
    data.
    """
    return blank(key, height).update_layout(font={"size": 13})


def round_marks(span: float, most: int = 9) -> list[float]:
    """Return at most `most` round numbers from 0 to `span`: multiples of 1, 2 or 5
    times a power of ten.
    """
    power = 10.0 ** np.floor(np.log10(max(span, 1e-9) / most))
    pace = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= most)
    return [round(float(multiple * pace), 6) for multiple in range(int(span // pace) + 1)]


def percent_axis(figure: go.Figure, title: str, **panel: int) -> None:
    """Let the accuracy axis run from 0 to 100 %; `panel` is the row and col of a subplot."""
    figure.update_yaxes(title=title, **PERCENT_MARKS, **panel)


def epsilon_positions(curve: RobustnessCurve, norm: str) -> np.ndarray:
    """Return the positions (E,) of a curve's epsilons on its axis: levels of 255 for linf, lengths
    for l2.
    """
    return np.array(curve.epsilons, dtype=np.float32) * (PIXEL_LEVELS if norm == "linf" else 1.0)


def epsilon_axis(figure: go.Figure, epsilon: float, norm: str, axis: str, **panel: int) -> None:
    """Label an epsilon axis 0, 1/255, 2/255, ... with at most five labels."""
    update = figure.update_xaxes if axis == "x" else figure.update_yaxes
    if norm == "linf" and epsilon > 0:
        update(**epsilon_marks(epsilon * PIXEL_LEVELS), **panel)
