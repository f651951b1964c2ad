"""Runs: the queue, the history, and the details of one run, live or afterwards."""

import streamlit as st

from pages.ui.runs_page.bundle_form import bundle_form, show_imported
from pages.ui.runs_page.details import show_details
from pages.ui.runs_page.figures import show_figures
from pages.ui.runs_page.run_actions import show_actions, show_deleted
from pages.ui.runs_page.run_choice import chosen_run, show_outside
from pages.ui.runs_page.run_list import choose_wanted, show_list, swatch
from pages.ui.shared.frame import columns, open_page, plain, show_mistake
from pages.ui.shared.lesson import lesson
from pages.ui.shared.relocate_form import relocate_form
from pages.ui.shared.run_status import show_chip, show_status
from pages.ui.shared.session import history, reconciled, store
from pages.ui.shared.shifts import show_shifts
from rft_core import RunRecord, UserError

# the status of an active run is read every second; its figures cost more and are drawn every two
STATUS_SECONDS, FIGURE_SECONDS = 1.0, 2.0
SHOWN_NOTES = 300


def main() -> None:
    open_page("Runs", __file__)
    reconciled()
    show_deleted()
    show_imported()
    if not store().summaries(limit=1).rows:
        st.info(
            "No runs yet. Go to Train and launch the trio (standard, fixed, scheduled): it takes"
            " about 2 minutes.",
            icon=":material/lightbulb:",
        )
        st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
        bundle_form(None)
        return
    wanted, offset = choose_wanted()
    record, is_found = chosen_run(wanted)
    st.fragment(run_every=FIGURE_SECONDS if store().is_busy else None, key="runs.list")(show_list)(
        wanted, offset
    )
    if record is None:
        return
    if not is_found:
        show_outside(record)
    moves = record.is_active or record.status == "queued"
    left, right = columns(5, 7)
    with left:
        st.fragment(run_every=STATUS_SECONDS if moves else None, key="runs.status")(watch_status)(
            record.run_id, record.status
        )
        if not record.is_active:
            relocate_form(record)
    if is_found and not lesson().is_projected:
        with right:
            show_actions(record)
    st.fragment(run_every=FIGURE_SECONDS if record.is_active else None, key="runs.figures")(
        watch_figures
    )(record.run_id)


def show_name(record: RunRecord) -> None:
    """Draw the run's colour, name, status and tags.

    The name keeps the colour of text, so that it is readable in both themes.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.image(swatch(record.number), width=28, alt="The run's colour and dash in every chart")
        st.markdown(f"**{plain(record.name)}**", width="content")
        show_chip(record)
        for tag in record.spec.tags:
            st.badge(plain(tag), color="gray")


def show_origin(record: RunRecord) -> None:
    """Say where a fork comes from, and show the run's notes."""
    if record.parent:
        st.caption(
            f"Forked from run {record.parent} at step {record.parent_step}; everything before"
            " that step is from that run."
        )
    if notes := record.spec.notes.strip():
        st.caption(plain(notes if len(notes) <= SHOWN_NOTES else f"{notes[:SHOWN_NOTES]} …"))


def watch_status(run_id: str, status: str) -> None:
    """Draw name, status and progress; called every second while the run is queued or active.

    The whole page is drawn again when the status is no longer `status`.
    """
    reconciled()
    try:
        record = store().get(run_id)
    except UserError as error:
        show_mistake(error)
        return
    show_name(record)
    show_status(record, history(run_id))
    show_origin(record)
    if record.status != status:
        st.rerun()


def watch_figures(run_id: str) -> None:
    """Draw figures and details; called again while the run is active."""
    try:
        record = store().get(run_id)
    except UserError:
        return
    past = history(run_id)
    show_figures(record, past)
    show_shifts(record)
    show_details(record, past)


main()
