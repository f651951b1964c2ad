"""The buttons beside the navigation, and the PIN that opens a shared server."""

from streamlit.testing.v1 import AppTest

PIN = "open sesame"


def enter(app, pin: str):
    app.text_input(key="gate.pin").input(pin)
    return next(one for one in app.button if one.label == "Enter").click().run()


def bar() -> None:
    """A page with nothing but the buttons beside the navigation, which AppTest draws on its first
    run of app.py alone.
    """
    import streamlit as st

    from pages.ui.chrome.topbar import show_topbar
    from pages.ui.shared.gate import ask_for_pin, is_instructor, is_shared

    show_topbar("runs")
    if is_shared() and not is_instructor():
        # a click runs a dialog as a fragment in the browser, the whole script here
        ask_for_pin()
    st.text("instructor" if is_instructor() else "viewer")


def opened_bar(**query: str) -> AppTest:
    app = AppTest.from_function(bar, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app
