"""What `python -m rft_core app` serves: app.py behind the guard.

Streamlit finds the application by its name.
"""

import gc
import importlib
import pkgutil
import threading
from types import ModuleType

# whole before any thread is there: plotly looks for it among the loaded modules, and finds half of
# it while another thread imports it
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
    """Import what pages import, so that the first visitor does not wait for it, and take it from
    the garbage collector's rounds: with all modules in it a whole round takes about 0.1 s, in which
    no visitor is served.
    """
    load_all(rft_core)
    for module in pkgutil.walk_packages(pages.ui.__path__, "pages.ui."):
        # this file runs under another name: a second application is not wanted
        if module.name != THIS_FILE:
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def load_all(door: ModuleType) -> None:
    """Load what a door hands on, and what the doors behind it do."""
    for name in door.__all__:
        found = getattr(door, name)
        if hasattr(found, "__all__"):
            load_all(found)


threading.Thread(target=warm_up, daemon=True).start()
