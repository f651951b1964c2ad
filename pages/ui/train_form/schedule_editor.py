"""The chart of a custom schedule, with points to drag.

It writes to the same state as the table.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.shared.frame import ASSETS
from pages.ui.train_form.form_state import as_percent
from pages.ui.train_form.points_table import POINTS
from rft_core import RunSpec, report
from rft_core import spec as run_spec

KEY, STAMP = "form.editor", "form.editor_stamp"
PIXELS, TYPE_PIXELS, MOST_POINTS = 330, 13, 200
HOW = (
    "Drag a point; double-click anywhere else to add one. By keyboard: Tab to a point, arrows"
    " move it by 1 % (with Shift by 10 %), Enter adds the next one, Delete removes it."
)
_draw = st.components.v2.component(
    "schedule_editor",
    html=(
        '<div class="editor"><div class="legend"></div><svg role="group" aria-label="Points of the'
        ' epsilon schedule"></svg></div>'
    ),
    css=(ASSETS / "schedule_editor.css").read_text(),
    js=(ASSETS / "schedule_editor.js").read_text(),
)


def schedule_editor(spec: RunSpec, lines: Sequence[report.run.ScheduleLine]) -> None:
    """Draw the custom schedule of `spec`, the first of `lines`, with the others behind it; moved
    points are in the form on the next run of the page.
    """
    is_locked = any(
        lesson.is_locked(name) or lesson.is_hidden(name) for name in ("schedule", "schedule.points")
    )
    height, size = (
        (PIXELS * report.drawing.projector.HEIGHT, TYPE_PIXELS * report.drawing.projector.TYPE)
        if lesson.lesson().is_projected
        else (PIXELS, TYPE_PIXELS)
    )
    shown = {
        "height": round(height),
        "type": size,
        "locked": is_locked,
        "stamp": st.session_state.get(STAMP),
    }
    _draw(key=KEY, data=report.run.editor_data(spec, lines) | shown, on_moved_change=_take)
    if not is_locked:
        st.caption(HOW)


def _take() -> None:
    take_over(st.session_state[KEY].get("moved"))


def take_over(moved: Any) -> None:
    """Take over what the browser sent, {"points": [[progress, factor], ...], "stamp": number};
    anything that is not a schedule is ignored.
    """
    if not isinstance(moved, dict):
        return
    # the browser waits for its stamp, even if the points are ignored
    st.session_state[STAMP] = moved.get("stamp")
    points = moved.get("points")
    if (
        isinstance(points, list)
        and len(points) <= MOST_POINTS
        and all(map(_is_point, points))
        and run_spec.points_fault(points) is None
    ):
        st.session_state[POINTS] = as_percent(points)


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in point)
    )
