"""The card of the epsilon schedule: its kind, what the kind does, and its parameters."""

from types import MappingProxyType

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.train_form.field import field, menu
from pages.ui.train_form.method_fields import number_fields
from pages.ui.train_form.points_table import points_table, take_shape
from rft_core import find, spec

RAMP = ("schedule.ramp_start", "schedule.ramp_end")
PACES = MappingProxyType({"step": "every step", "epoch": "every epoch"})


def schedule() -> None:
    """Draw the card, unless it is hidden."""
    if lesson.is_hidden("schedule"):
        return
    with st.container(border=True):
        st.subheader("Epsilon schedule", anchor=False)
        kind = menu("schedules", "schedule.kind", "Kind", on_change=take_shape)
        settings = find("schedules", kind).settings
        if "schedule.ramp_start" in settings:
            help_text = (
                f"{spec.describe('schedule.ramp_start')} {spec.describe('schedule.ramp_end')}"
            )
            field(
                st.slider,
                "Ramp, % of training",
                "schedule.ramp_start",
                0.0,
                100.0,
                step=1.0,
                format="%g",
                key="train.ramp",
                help=help_text,
            )
        number_fields([name for name in settings if name not in RAMP])
        if "schedule.points" in settings:
            points_table()
        if "schedule.granularity" in settings:
            field(
                st.segmented_control,
                "Epsilon changes",
                "schedule.granularity",
                list(PACES),
                format_func=PACES.get,
                required=True,
            )
