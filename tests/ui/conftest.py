"""The store of the app under test."""

import pytest

from rft_core.home import find_home
from rft_core.store.run_store import RunStore


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store of its own for the app under test; launching starts no worker."""
    import streamlit

    monkeypatch.setenv("RFT_HOME", str(tmp_path))
    monkeypatch.delenv("RFT_STORE", raising=False)
    for place in ("rft_core.worker.submit", "pages.ui.run_actions", "pages.ui.fork_form"):
        monkeypatch.setattr(f"{place}.ensure_worker", lambda home: False)
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    yield RunStore(find_home())
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
