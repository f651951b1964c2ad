"""The buttons beside the navigation, on every page: projector mode, share, and the instructor's
entry on a shared server.
"""

import streamlit as st

from pages.ui.chrome.share_dialog import share_dialog
from pages.ui.shared import gate, lesson

PROJECTOR = "lesson.toggle"


def show_topbar(page: str) -> None:
    """Draw the buttons; `page` is the page's name in its address."""
    lesson.take_over()
    with st.container(key="topbar", horizontal=True, vertical_alignment="center", gap="small"):
        st.session_state[PROJECTOR] = lesson.lesson().is_projected
        st.toggle(
            "Projector",
            key=PROJECTOR,
            on_change=_toggle,
            help="Larger type, thicker lines, fewer controls.",
        )
        share = st.button(
            "Share",
            icon=":material/qr_code_2:",
            key="topbar.share",
            type="tertiary",
            help="A link and a QR code for this view.",
        )
        enter = gate.is_shared() and _show_access()
    if share:
        share_dialog(page)
    elif enter:
        gate.ask_for_pin()


def _toggle() -> None:
    lesson.project(st.session_state[PROJECTOR])


def _show_access() -> bool:
    """Draw the button that enters or leaves instructor mode; return whether to ask for the PIN."""
    if gate.is_instructor():
        st.button(
            "Leave",
            icon=":material/lock_open:",
            key="topbar.leave",
            type="tertiary",
            on_click=gate.leave,
            help="Be a viewer again.",
        )
        return False
    return st.button(
        "Instructor", icon=":material/lock:", key="topbar.enter", type="tertiary", help=gate.REFUSED
    )
