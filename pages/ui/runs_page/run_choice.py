"""Which run the Runs page shows; if the search does not match it, the page says so."""

import streamlit as st

from pages.ui.runs_page.run_list import CHOSEN, clear_button
from pages.ui.shared.frame import mistakes_shown, plain
from pages.ui.shared.session import store
from rft_core import RunRecord
from rft_core import store as run_store

# the run that this page wrote into the address, and the search that the page was last drawn with
SHOWN, SOUGHT = "runs.shown", "runs.sought"


def chosen_run(wanted: run_store.Wanted) -> tuple[RunRecord | None, bool]:
    """Return (the run to show, whether it is among those that `wanted` asks for).

    It is the run in the address, else the last choice, else the first match; None without a match.
    When a new search does not match the run, the first match is shown instead. A run from an
    address, or one that no longer matches an unchanged search (it ended, it was renamed), stays:
    the buttons under a pointer must not change to another run.
    """
    state = st.session_state
    is_new_search = state.get(SOUGHT, wanted) != wanted
    if (requested := st.query_params.get("run", "")) and requested != state.get(SHOWN):
        state[CHOSEN], is_new_search = requested, False
    state[SOUGHT] = wanted
    record = _stored(state.get(CHOSEN))
    is_found = record is not None and run_store.is_listed(store().engine, wanted, record.run_id)
    if record is None or (is_new_search and not is_found):
        hits = store().summaries(wanted, limit=1).rows
        record, is_found = (store().get(hits[0].run_id), True) if hits else (None, False)
    _remember(record)
    return record, is_found


def _stored(run_id: str | None) -> RunRecord | None:
    if run_id:
        with mistakes_shown():
            return store().get(run_id)
    return None


def _remember(record: RunRecord | None) -> None:
    """Store the shown run in the session and in the address."""
    state = st.session_state
    if record is None:
        for name in (CHOSEN, SHOWN):
            state.pop(name, None)
        st.query_params.pop("run", None)
        return
    state[CHOSEN] = state[SHOWN] = record.run_id
    if st.query_params.get("run") != record.run_id:
        st.query_params["run"] = record.run_id


def show_outside(record: RunRecord) -> None:
    """Say that the shown run does not match the search, and offer to clear the search."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.info(
            plain(f"The run below, {record.name}, does not match your search."),
            icon=":material/filter_list_off:",
        )
        clear_button("outside")
