"""The points of a custom schedule as a table.

The form holds them, in percent; link, chart and table all write there.
"""

from typing import cast

import pandas as pd
import streamlit as st

from pages.ui.shared import lesson
from pages.ui.train_form.form_state import KEPT, as_percent, key
from rft_core import RunSpec, UserError, find, spec, with_settings

POINTS = "train.points"
# the rows of the table when last drawn, the rows it was drawn from, and how often it was rebuilt
LAST_ROWS, DRAWN_FROM, ROUND = "form.points_said", "form.points_drawn_from", "form.points_round"
COLUMNS = ("Progress, %", "Epsilon, %")


def points_table() -> None:
    """Draw the table, rebuilt if the points were changed elsewhere, and any mistake in it."""
    if lesson.is_hidden("schedule.points"):
        return
    state = st.session_state
    # the edits of a table that was not drawn for a while are forgotten
    if state.get(LAST_ROWS) != state[POINTS] or _name() not in state:
        state[ROUND] = state.get(ROUND, 0) + 1
        state[DRAWN_FROM] = state[POINTS]
    state[POINTS] = state[LAST_ROWS] = _rows(_draw(state[DRAWN_FROM]))
    if fault := spec.points_fault(_fractions(state[POINTS])):
        st.warning(f"The table {fault}.", icon=":material/error:")
        if "sort the rows" in fault:
            st.button("Sort the rows", icon=":material/sort:", key="form.sort", on_click=_sort)


def read() -> list[tuple[float, float]]:
    """Return the points (progress, factor) of the form; raises UserError with the mistake and how
    to fix it.
    """
    points = _fractions(st.session_state[POINTS])
    if fault := spec.points_fault(points):
        raise UserError(f"schedule.points {fault}")
    # a table without a fault has no empty cell
    return cast(list[tuple[float, float]], points)


def take_shape() -> None:
    """When a schedule of points was chosen, start it with the shape of the schedule chosen before,
    if that has one.
    """
    state = st.session_state
    if not _has_points(state[key("schedule.kind")]):
        return
    kept = state.get(KEPT, {})
    before = {name: kept.get(key(f"schedule.{name}")) for name in ("kind", "steps")}
    start, end = kept.get("train.ramp", (25.0, 75.0))
    before |= {"ramp_start": start / 100, "ramp_end": end / 100}
    try:
        earlier = with_settings(
            RunSpec(),
            {f"schedule.{name}": value for name, value in before.items() if value is not None},
        ).schedule
    except UserError:
        # the form held a mistake: the points stay as they were
        return
    shape = None if _has_points(earlier.kind) else find("schedules", earlier.kind).shape_of(earlier)
    state[POINTS] = as_percent(shape) if shape else state[POINTS]


def _has_points(kind: str) -> bool:
    return "schedule.points" in find("schedules", kind).settings


def _name() -> str:
    return f"form.points.{st.session_state.get(ROUND, 0)}"


def _draw(rows: list[list[float]]) -> pd.DataFrame:
    st.caption(
        "One row per point; two points at the same progress make a jump. Before the first point"
        " and after the last, epsilon stays constant."
    )
    helps = ("Share of training that is done, 0 to 100.", "Share of the target epsilon, 0 to 100.")
    config = {
        name: st.column_config.NumberColumn(
            name, help=help_text, min_value=0, max_value=100, required=True, format="%.6g"
        )
        for name, help_text in zip(COLUMNS, helps)
    }
    return st.data_editor(
        pd.DataFrame(rows, columns=list(COLUMNS), dtype=float),
        key=_name(),
        num_rows="dynamic",
        hide_index=True,
        column_config=config,
        disabled=lesson.is_locked("schedule.points"),
        alt="Points of the schedule, progress and epsilon in percent",
    )


def _rows(frame: pd.DataFrame) -> list[list[float | None]]:
    return [
        [None if pd.isna(value) else float(value) for value in row]
        for row in frame.itertuples(index=False)
    ]


def _fractions(rows: list[list[float | None]]) -> list[tuple[float | None, float | None]]:
    return [(_fraction(progress), _fraction(epsilon)) for progress, epsilon in rows]


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else round(percent / 100, 6)


def _sort() -> None:
    # by progress only: rows at the same progress keep their order, which gives the direction of a
    # jump
    st.session_state[POINTS] = sorted(st.session_state[POINTS], key=lambda row: row[0])
