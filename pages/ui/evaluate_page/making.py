"""Evaluations in progress, and the last failed evaluation."""

import streamlit as st

from pages.ui.evaluate_page.choice import CHOSEN
from pages.ui.evaluate_page.curves import is_readable, label_of
from pages.ui.shared.frame import plain
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.session import store
from rft_core import RunRecord, format_duration, jobs


def watch(record: RunRecord, making: list[str]) -> None:
    """Show the progress of evaluations; called every second while there are any.

    The page is drawn again when an evaluation is done.
    """
    # called every second, so only the evaluations in progress are checked
    awaited = [
        evaluation
        for evaluation in jobs.evaluations.list_evaluations(store(), record.run_id)
        if evaluation.evaluation_id in making
    ]
    found = {
        evaluation.evaluation_id: evaluation
        for evaluation in awaited
        if is_readable(evaluation, record)
    }
    for evaluation_id in making:
        evaluation = found.get(evaluation_id)
        if evaluation is None or evaluation.status != "making":
            if evaluation is not None and evaluation.status == "done":
                st.session_state[CHOSEN] = evaluation_id
            st.rerun()
        _show_progress(evaluation)


def _show_progress(evaluation: jobs.Evaluation) -> None:
    estimate, seconds = evaluation.wanted.get("estimate"), evaluation.seconds
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        of = f" of about {format_duration(estimate)}" if estimate else ""
        took = "" if seconds is None else f", {format_duration(seconds)}{of}"
        share = min(0.99, seconds / estimate) if estimate and seconds is not None else 0.0
        st.progress(share, text=plain(f"{label_of(evaluation)}: {evaluation.line}{took}"))
        if st.button(
            "Cancel",
            icon=":material/stop:",
            key=f"evaluate.cancel.{evaluation.evaluation_id}",
            **{"help": "Nothing of this evaluation is kept."} | closed(),
        ):
            permitted(jobs.evaluations.cancel)(evaluation)
            st.rerun()


def show_failures(found: list[jobs.Evaluation]) -> None:
    """Show why the newest evaluation failed, until another one is requested."""
    if found and found[0].status == "failed":
        st.error(plain(f"{label_of(found[0])}: {found[0].line}"), icon=":material/error:")
