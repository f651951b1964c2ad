"""What `python -m rft_core app` serves: app.py behind the guard.

Streamlit finds the application by its name.
"""

import gc
import importlib
import pkgutil
import threading
from types import ModuleType

# loaded before any thread starts: plotly looks for it among the loaded modules, and would find it
# half loaded while another thread imports it
import pandas  # noqa: F401
import streamlit as st
from starlette.middleware import Middleware

import pages.ui
import rft_core
from rft_core import files, serving

THIS_FILE = "pages.ui.chrome.served_app"

app = st.App(
    files.CHECKOUT / "app.py",
    middleware=[Middleware(serving.Guard, allowed=tuple(st.get_option("server.allowedHosts")))],
)


def warm_up() -> None:
    """Import what pages import, so that the first visitor does not wait, and exempt it from garbage
    collection: a full collection over all modules takes about 0.1 s, during which no visitor is
    served.
    """
    load_all(rft_core)
    for module in pkgutil.walk_packages(pages.ui.__path__, "pages.ui."):
        # this file already runs under another name; importing it would make a second application
        if module.name != THIS_FILE:
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def load_all(door: ModuleType) -> None:
    """Load everything that a door exports, and the same of the doors behind it."""
    for name in door.__all__:
        found = getattr(door, name)
        if hasattr(found, "__all__"):
            load_all(found)


threading.Thread(target=warm_up, daemon=True).start()
