"""The store behind the pages. Nothing about a run lives in the browser session."""

import streamlit as st

from rft_core import open_store, report, resources
from rft_core import store as run_store


@st.cache_resource
def store() -> run_store.RunStore:
    """Return the store of this server."""
    return open_store()


def history(run_id: str) -> report.run.RunHistory:
    """Return what a run reported so far; read again only when the store has new events."""
    return _history(run_id, run_store.last_sequence(store().engine, run_id))


@st.cache_data(max_entries=64, show_spinner=False)
def _history(run_id: str, sequence: int) -> report.run.RunHistory:
    return report.run.build_history(run_store.read_events(store().engine, run_id))


def measured(run_ids: list[str]) -> list[report.run.RunHistory]:
    """Return what runs measured so far, without their training steps, in the given order; read
    again only where there are new events.
    """
    newest = run_store.last_sequences(store().engine, run_ids)
    return [_measured(run_id, newest[run_id]) for run_id in run_ids]


@st.cache_data(max_entries=128, show_spinner=False)
def _measured(run_id: str, sequence: int) -> report.run.RunHistory:
    return report.run.build_history(
        run_store.read_events(store().engine, run_id, kinds=report.run.MEASURED_KINDS)
    )


@st.cache_data(ttl=3, show_spinner=False)
def reconciled() -> list[str]:
    """Check running runs against their processes, at most every few seconds for all visitors
    together.
    """
    return store().reconcile()


@st.cache_data(ttl=30, show_spinner=False)
def weights_of(backbone: str) -> resources.weights.Availability:
    """Return whether the weights of a backbone are available; the network is asked at most every 30
    seconds for all visitors together.
    """
    return resources.weights.backbone_here(backbone, store().home)


@st.cache_data(ttl=30, show_spinner=False)
def is_online() -> bool:
    """Return whether the network can be reached, checked at most every 30 seconds."""
    return resources.weights.network_is_up()
