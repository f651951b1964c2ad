"""Schedules side by side before a run: those to compare with the chosen schedule, their figure and
their table.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rft_core.cost.schedule_demand import (
    Demand,
    demand,
    factors,
    is_decided_while_training,
    never_rises,
)
from rft_core.report.drawing.axes import blank_figure, epsilon_axis, round_marks
from rft_core.report.drawing.canvas import epsilon_marks, fade
from rft_core.report.drawing.palette import EPSILON, REFERENCE
from rft_core.spec import catalog
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.spec.sections import ScheduleSpec
from rft_core.units import PIXEL_LEVELS, format_percent

# a row of a legend holds this many names; each takes this many pixels of height
LEGEND_NAMES, LEGEND_ROW = 3, 20
EXAMPLE_DASH = "11px,5px"
UNKNOWN = "depends on the run"


@dataclass(frozen=True)
class Reference:
    """A schedule to compare with: its name in links, its label, its settings (of
    `RunSpec.schedule`), how its line looks.
    """

    name: str
    label: str
    settings: Mapping[str, Any]
    colour: str
    dash: str


@dataclass(frozen=True)
class Line:
    """One schedule as it is drawn: label, colour, dash (lengths in pixels, "" for solid), progress
    and factors (P,), and its demand.

    `is_example`: the schedule is decided during training, and an example is drawn. `never_rises`:
    training is too short for epsilon to rise.
    """

    label: str
    colour: str
    dash: str
    progress: Sequence[float]
    factors: Sequence[float]
    demand: Demand
    is_example: bool = False
    never_rises: bool = False


def _kind(name: str, **settings: Any) -> Mapping[str, Any]:
    return MappingProxyType({"kind": name} | settings)


REFERENCES = (
    Reference("constant", "Constant", _kind("constant"), REFERENCE, "2px,4px"),
    Reference("two_hinge", "Two hinges, 25 to 75 %", _kind("two_hinge"), "#0072B2", "9px,4px"),
    Reference("linear", "Linear", _kind("linear"), "#D55E00", "9px,4px,2px,4px"),
    Reference("cosine", "Cosine, 25 to 75 %", _kind("cosine"), "#009E73", "15px,5px"),
    Reference("step", "Four steps, 25 to 75 %", _kind("step"), "#E69F00", "5px,3px"),
    Reference("uniform", "Uniform", _kind("uniform"), "#56B4E9", "3px,2px"),
    Reference("auto", "Automatic", _kind("auto"), "#8C6D31", "15px,4px,2px,4px"),
    Reference(
        "paper",
        "Paper: 24 to 74 %, by epoch",
        MappingProxyType(preset("paper_schedule").schedule.model_dump()),
        "#8A63D2",
        "12px,3px,3px,3px,3px,3px",
    ),
)


def compared(spec: RunSpec, names: Collection[str]) -> list[Line]:
    """Return the schedule of `spec`, then those of REFERENCES in `names`, over the same training; a
    reference equal to the chosen schedule is left out.
    """
    lines = [
        _line(
            f"Chosen: {catalog.find('schedules', spec.schedule.kind).label.lower()}",
            EPSILON,
            "",
            spec,
        )
    ]
    for reference in REFERENCES:
        other = _with_schedule(spec, reference.settings)
        if reference.name in names and factors(other) != factors(spec):
            lines.append(_line(reference.label, reference.colour, reference.dash, other))
    return lines


def _line(label: str, colour: str, dash: str, spec: RunSpec) -> Line:
    is_example, is_short = is_decided_while_training(spec), never_rises(spec)
    if is_example:
        label, dash = f"{label}, an example", dash or EXAMPLE_DASH
    elif is_short:
        label = f"{label}, too few epochs"
    return Line(label, colour, dash, *factors(spec), demand(spec), is_example, is_short)


def _with_schedule(spec: RunSpec, settings: Mapping[str, Any]) -> RunSpec:
    complete = ScheduleSpec().model_dump() | dict(settings)
    return with_settings(spec, {f"schedule.{name}": value for name, value in complete.items()})


def schedule_rows(lines: Sequence[Line]) -> list[dict[str, str]]:
    """Return the table below the figure, one row per schedule: attack cost saved against constant,
    mean factor, steps without an attack.
    """
    return [
        {
            "Schedule": line.label,
            "Attack cost saved": UNKNOWN
            if line.is_example
            else format_percent(line.demand.clean_share),
            "Mean factor": UNKNOWN if line.is_example else f"{line.demand.mean_factor:.3f}",
            "Steps without an attack": UNKNOWN if line.is_example else _steps(line.demand),
        }
        for line in lines
    ]


def _steps(wanted: Demand) -> str:
    if wanted.total_steps is None:
        return "–"
    return f"{wanted.clean_steps:,} of {wanted.total_steps:,}"


def schedule_figure(
    lines: Sequence[Line], *, epsilon: float, norm: str, epochs: int, key: str
) -> go.Figure:
    """Epsilon over epochs: the first of `lines` is the chosen schedule, the rest are for
    comparison. The legend is above the axes.
    """
    rows = -(-len(lines) // LEGEND_NAMES) if len(lines) > 1 else 0
    figure = blank_figure(key, height=320 + LEGEND_ROW * rows)
    scale, unit = (PIXEL_LEVELS, "/255") if norm == "linf" else (1.0, "")
    for index, line in reversed(list(enumerate(lines))):
        x, y = (
            np.array(line.progress, dtype=np.float32) * epochs,
            np.array(line.factors, dtype=np.float32) * epsilon * scale,
        )
        fill = {"fill": "tozeroy", "fillcolor": fade(EPSILON, 0.18)} if index == 0 else {}
        style = {"color": line.colour, "width": 2 if index else 3, "dash": line.dash or "solid"}
        hover = f"{line.label}: epoch %{{x:.1f}}, %{{y:.2f}}{unit}<extra></extra>"
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines",
                line=style,
                name=line.label,
                legendrank=index,
                hovertemplate=hover,
                **fill,
            )
        )
    figure.update_xaxes(title="Epoch", range=[0, epochs])
    epsilon_axis(figure, epsilon, norm, axis="y")
    figure.update_yaxes(title="Epsilon", range=[0, max(epsilon * scale, 1e-6) * 1.08])
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemwidth": 40}
    figure.update_layout(
        showlegend=len(lines) > 1, legend=legend, margin={"t": 12 + LEGEND_ROW * rows}
    )
    return figure


def editor_data(spec: RunSpec, lines: Sequence[Line]) -> dict[str, Any]:
    """Return what the chart with movable points draws, as JSON data: the points of `spec`, the
    other `lines`, axes and units.

    `marks` and `ticks` are (position from 0 to 1, text). If epsilon only changes between epochs,
    one of the lines shows what the run will do.
    """
    is_linf, target, epochs = spec.threat.norm == "linf", spec.threat.epsilon, spec.optim.epochs
    levels = target * PIXEL_LEVELS if is_linf else target
    axis = epsilon_marks(levels) if is_linf else None
    marks = (
        list(zip(axis["tickvals"], axis["ticktext"]))
        if axis
        else [(mark, f"{mark:g}") for mark in round_marks(levels, 5)]
    )
    drawn = [_as_data(line.label, line) for line in lines[1:]]
    if spec.schedule.granularity == "epoch":
        drawn.append(_as_data("Constant within an epoch", lines[0]) | {"dash": "2px,2px"})
    return {
        "points": [list(point) for point in spec.schedule.points],
        "label": lines[0].label,
        "colour": lines[0].colour,
        "lines": drawn,
        "epochs": epochs,
        "scale": levels,
        "unit": "/255" if is_linf else "",
        "marks": [[mark / levels, text] for mark, text in marks] if levels > 0 else [[0.0, "0"]],
        "ticks": [[mark / epochs, f"{mark:g}"] for mark in round_marks(epochs) if mark <= epochs],
    }


def _as_data(label: str, line: Line) -> dict[str, Any]:
    return {
        "label": label,
        "colour": line.colour,
        "dash": line.dash,
        "points": [list(point) for point in zip(line.progress, line.factors)],
    }
