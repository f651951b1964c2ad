"""Evaluations under way, and the last one that failed."""

import streamlit as st

from pages.ui.evaluate_page.choice import CHOSEN
from pages.ui.evaluate_page.curves import is_readable, label_of
from pages.ui.shared.frame import plain
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.session import store
from rft_core import RunRecord, format_duration, jobs


def watch(record: RunRecord, making: list[str]) -> None:
    """Say how far evaluations are; called every second while there are some.

    The page is drawn anew when one is done.
    """
    # every second: only those that were waited for are looked through
    awaited = [
        one
        for one in jobs.evaluations.list_evaluations(store(), record.run_id)
        if one.evaluation_id in making
    ]
    found = {one.evaluation_id: one for one in awaited if is_readable(one, record)}
    for evaluation_id in making:
        one = found.get(evaluation_id)
        if one is None or one.status != "making":
            if one is not None and one.status == "done":
                st.session_state[CHOSEN] = evaluation_id
            st.rerun()
        _show_progress(one)


def _show_progress(one: jobs.Evaluation) -> None:
    estimate, seconds = one.wanted.get("estimate"), one.seconds
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        of = f" of about {format_duration(estimate)}" if estimate else ""
        took = "" if seconds is None else f", {format_duration(seconds)}{of}"
        share = min(0.99, seconds / estimate) if estimate and seconds is not None else 0.0
        st.progress(share, text=plain(f"{label_of(one)}: {one.line}{took}"))
        if st.button(
            "Cancel",
            icon=":material/stop:",
            key=f"evaluate.cancel.{one.evaluation_id}",
            **{"help": "Nothing of it is kept."} | closed(),
        ):
            permitted(jobs.evaluations.cancel)(one)
            st.rerun()


def show_failures(found: list[jobs.Evaluation]) -> None:
    """Say why the newest evaluation failed, until another one is asked for."""
    if found and found[0].status == "failed":
        st.error(plain(f"{label_of(found[0])}: {found[0].line}"), icon=":material/error:")
