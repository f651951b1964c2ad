"""The figures of one run out of distribution: other domains and corruptions."""

import streamlit as st

from pages.ui.shared.frame import columns, shown
from rft_core import RunRecord, report


def show_shifts(record: RunRecord) -> None:
    """Draw accuracy on other domains and under corruptions, if the run was measured on them."""
    shifts = (record.report or {}).get("shifts")
    if not shifts:
        return
    st.subheader("How accurate is it on other images?", anchor=False)
    left, right = columns(6, 6)
    for side, rows, draw in (
        (left, "domains", report.run.domain_figure),
        (right, "corruptions", report.run.corruption_figure),
    ):
        if shifts[rows]:
            alt = f"Clean accuracy on {rows}: {report.run.describe_shifts(shifts)}"
            side.plotly_chart(
                shown(draw(shifts, key=record.run_id)),
                key=f"runs.{rows}.{record.run_id}",
                config=dict(report.CONFIG),
                alt=alt,
            )
    st.caption(report.run.describe_shifts(shifts))
