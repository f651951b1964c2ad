"""What `python -m rft_core app` serves: app.py behind the guard.

Streamlit finds the application by its name.
"""

import gc
import importlib
import pkgutil
import threading

# whole before any thread is there: plotly looks for it among the loaded modules, and finds half of
# it while another thread imports it
import pandas  # noqa: F401
import streamlit as st
from starlette.middleware import Middleware

import pages.ui
import rft_core.report
from rft_core.files.home import CHECKOUT
from rft_core.serving.request_guard import Guard

THIS_FILE = "pages.ui.chrome.served_app"

app = st.App(
    CHECKOUT / "app.py",
    middleware=[Middleware(Guard, allowed=tuple(st.get_option("server.allowedHosts")))],
)


def warm_up() -> None:
    """Import what pages import, so that the first visitor does not wait for it, and take it from
    the garbage collector's rounds: with all modules in it a whole round takes about 0.1 s, in which
    no visitor is served.
    """
    for package in (rft_core.report, pages.ui):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # this file runs under another name: a second application is not wanted
            if module.name != THIS_FILE:
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


threading.Thread(target=warm_up, daemon=True).start()
