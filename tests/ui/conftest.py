"""The store of the app under test, its menus, and a server that is shared."""

from collections.abc import Iterator
from types import MappingProxyType

import pytest
import streamlit

from pages.ui.shared import gate
from rft_core.files.home import Home
from rft_core.serving.pin import HASH_VARIABLE, hash_pin
from rft_core.spec import catalog
from rft_core.store.run_store import RunStore
from tests.ui.sharing import PIN


@pytest.fixture
def store(home: Home, monkeypatch) -> Iterator[RunStore]:
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


@pytest.fixture
def menu(monkeypatch):
    """Put rows on the menu of datasets."""

    def put(*rows: catalog.Choice) -> None:
        kept = tuple(row for row in catalog.DATASETS if row.name not in {new.name for new in rows})
        monkeypatch.setattr(
            catalog, "MENUS", MappingProxyType(dict(catalog.MENUS) | {"datasets": (*kept, *rows)})
        )

    return put


@pytest.fixture
def shared(store, monkeypatch):
    """The store of a server that is shared under a PIN."""
    monkeypatch.setenv(HASH_VARIABLE, hash_pin(PIN))
    monkeypatch.setattr(gate, "WRONG_SECONDS", 0.0)
    return store
