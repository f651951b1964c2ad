"""The card of the epsilon schedule: its kind, what the kind does, and the
parameters that the kind has.
"""

from types import MappingProxyType

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.train_form.field import field, menu
from pages.ui.train_form.points_table import points_table, take_shape
from rft_core import spec

RAMPED = ("two_hinge", "cosine", "step")
PACES = MappingProxyType({"step": "every step", "epoch": "every epoch"})


def schedule() -> None:
    """Draw the card, unless it is hidden."""
    if lesson.is_hidden("schedule"):
        return
    with st.container(border=True):
        st.subheader("Epsilon schedule", anchor=False)
        kind = menu("schedules", "schedule.kind", "Kind", on_change=take_shape)
        if kind in RAMPED:
            told = f"{spec.describe('schedule.ramp_start')} {spec.describe('schedule.ramp_end')}"
            field(
                st.slider,
                "Ramp, % of training",
                "schedule.ramp_start",
                0.0,
                100.0,
                step=1.0,
                format="%g",
                key="train.ramp",
                help=told,
            )
        if kind == "step":
            field(st.number_input, "Jumps", "schedule.steps", min_value=1, max_value=1000)
        if kind == "auto":
            left, right = st.columns(2)
            field(
                left.number_input,
                "Patience, epochs",
                "schedule.patience",
                min_value=1,
                max_value=1000,
            )
            field(
                right.number_input,
                "Tolerance, share",
                "schedule.tolerance",
                min_value=0.0,
                max_value=1.0,
                step=0.01,
                format="%g",
            )
        if kind == "custom":
            points_table()
        if kind not in ("constant", "uniform"):
            field(
                st.segmented_control,
                "Epsilon changes",
                "schedule.granularity",
                list(PACES),
                format_func=PACES.get,
                required=True,
            )
