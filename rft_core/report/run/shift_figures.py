"""Figures of accuracy outside the training distribution, from the plain data of
metrics/shifts.py.
"""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from rft_core.metrics.shifts import CORRUPTION_GROUPS, SEVERITIES
from rft_core.report.drawing.palette import CLEAN, REFERENCE
from rft_core.report.run.sentences import words

# one hue, since all of it is clean accuracy; light enough up to 100 % for dark numbers on it
SCALE = ((0.0, "#F3F6F9"), (1.0, "#56A9D8"))
INK = "#1B1F24"


def domain_figure(shifts: dict[str, Any], *, key: str) -> go.Figure:
    """Clean accuracy on each other domain as dots with 95 % whiskers; the run's own
    domain is the dotted line.
    """
    rows, home = shifts["domains"], 100 * shifts["in_domain"]["accuracy"]
    names = [words(row["name"]) for row in rows]
    figure = go.Figure(
        go.Scatter(
            x=np.array([100 * row["accuracy"] for row in rows], dtype=np.float32),
            y=names,
            mode="markers",
            marker={"color": CLEAN, "size": 10},
            error_x={
                "array": [100 * (row["high"] - row["accuracy"]) for row in rows],
                "arrayminus": [100 * (row["accuracy"] - row["low"]) for row in rows],
                "color": CLEAN,
                "thickness": 1,
                "width": 3,
            },
            customdata=[row["n"] for row in rows],
            hovertemplate="%{y}: %{x:.1f} % of %{customdata} images<extra></extra>",
        )
    )
    figure.add_vline(x=home, line={"color": REFERENCE, "width": 1.5, "dash": "dot"})
    left = home > 70
    label = {
        "xanchor": "right" if left else "left",
        "xshift": -4 if left else 4,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
    }
    figure.add_annotation(x=home, y=1.0, yref="paper", text=f"own domain {home:.1f} %", **label)
    figure.update_xaxes(
        title="Clean accuracy",
        range=[-2, 104],
        tickvals=[0, 20, 40, 60, 80, 100],
        ticktext=["0", "20", "40", "60", "80", "100 %"],
    )
    figure.update_yaxes(autorange="reversed", type="category")
    _layout(figure, key, 120 + 34 * len(rows))
    return figure


def corruption_figure(shifts: dict[str, Any], *, key: str) -> go.Figure:
    """Clean accuracy under each corruption (rows, by group) and severity (columns),
    percent in every cell.
    """
    found = {(row["kind"], row["severity"]): row for row in shifts["corruptions"]}
    kinds = [
        kind
        for group in CORRUPTION_GROUPS.values()
        for kind in group
        if any(name == kind for name, _ in found)
    ]
    severities = [
        severity for severity in SEVERITIES if any(level == severity for _, level in found)
    ]
    percent = np.array(
        [
            [
                100 * found[kind, severity]["accuracy"] if (kind, severity) in found else np.nan
                for severity in severities
            ]
            for kind in kinds
        ]
    )
    figure = go.Figure(
        go.Heatmap(
            x=[str(severity) for severity in severities],
            y=[words(kind) for kind in kinds],
            z=percent.astype(np.float32),
            zmin=0,
            zmax=100,
            colorscale=[list(stop) for stop in SCALE],
            colorbar={"title": {"text": "%"}, "thickness": 10},
            texttemplate="%{z:.0f}",
            textfont={"size": 11, "color": INK},
            xgap=2,
            ygap=2,
            hovertemplate=(
                f"%{{y}}, severity %{{x}}: %{{z:.1f}} % of {shifts['in_domain']['n']}"
                " images<extra></extra>"
            ),
        )
    )
    figure.update_xaxes(title="Severity", type="category", showgrid=False)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    _layout(figure, key, 100 + 24 * len(kinds))
    return figure


def _layout(figure: go.Figure, key: str, height: int) -> None:
    # uirevision keeps the zoom when new data arrive
    figure.update_layout(
        height=height,
        margin={"l": 130, "r": 12, "t": 30, "b": 44},
        uirevision=key,
        showlegend=False,
        hovermode="closest",
        font={"size": 13},
    )
