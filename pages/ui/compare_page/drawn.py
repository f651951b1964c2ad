"""The comparison and its figures, built once for all visitors and refreshes."""

import plotly.graph_objects as go
import streamlit as st

from pages.ui.shared.session import store
from rft_core import RunRecord, report


def facts_of(records: list[RunRecord]) -> tuple[tuple, ...]:
    """Return the facts of these runs that a comparison shows, apart from their events."""
    return tuple(
        (record.run_id, record.number, record.status, record.ended, record.spec.to_json())
        for record in records
    )


# kept until the store has new events of one of the runs
@st.cache_resource(max_entries=32, show_spinner=False)
def drawn(
    facts: tuple[tuple, ...],
    sequences: tuple[int, ...],
    view: report.comparison.View,
    _records: list[RunRecord],
    _histories: list[report.run.RunHistory],
) -> tuple[report.comparison.Content, tuple[go.Figure, go.Figure, go.Figure]]:
    """Return the comparison, without its pairs, and its figures: accuracy while training,
    robustness curves, the Pareto plane.
    """
    content = report.comparison.assemble(_records, _histories, view)
    runs = ",".join(record.run_id for record in _records)
    key = f"{runs} {view.axis} {view.group}"
    tracking = report.comparison.accuracy_panels(
        content.lines, view.panels, view.axis, key=f"{key} {view.panels}"
    )
    curves = report.comparison.curves_figure(
        content.lines, key=key, height=report.comparison.panels_height(view.panels)
    )
    return content, (
        tracking,
        curves,
        report.comparison.pareto_figure(
            content.lines, target=content.target, key=f"{runs} {view.group}"
        ),
    )


def state_of(records: list[RunRecord]) -> tuple[tuple[str, float | None], ...]:
    """Return what a cached result about these runs depends on."""
    return tuple((record.run_id, record.ended if record.report else None) for record in records)


@st.cache_data(max_entries=64, show_spinner=False)
def pairs_of(
    state: tuple[tuple[str, float | None], ...], baseline: str | None
) -> list[report.comparison.Pair]:
    """Return how each run differs from the baseline, image by image."""
    return report.comparison.pair_runs(
        [store().get(run_id) for run_id, _ in state], store().home.runs, baseline
    )


@st.cache_data(max_entries=64, show_spinner=False)
def areas_of(
    state: tuple, group: str, sequences: tuple[int, ...], _content: report.comparison.Content
) -> list[dict]:
    """Return the areas below the Pareto frontiers."""
    return report.comparison.pareto_rows(_content, store().home.runs)
