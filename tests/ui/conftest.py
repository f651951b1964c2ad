"""The store of the app under test."""

import pytest
import streamlit

from rft_core.files.home import Home
from rft_core.store.run_store import RunStore


@pytest.fixture
def store(home: Home, monkeypatch) -> RunStore:
    """A store of its own for the app under test; nothing starts a worker."""
    for place in (
        "rft_core.worker.submit",
        "pages.ui.runs_page.run_actions",
        "pages.ui.runs_page.fork_form",
    ):
        monkeypatch.setattr(f"{place}.ensure_worker", lambda home: False)
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    yield RunStore(home)
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
