"""The only gate in front of everything that changes something: `permitted(act)(...)`, and
`launching(submit)(...)`. A test makes sure that every page uses it.

On this machine alone every session passes. Where the dashboard is shared, a session is a viewer
until it has given the PIN.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.ui.shared.frame import mistakes_shown
from rft_core import RunSpec, UserError, serving
from rft_core import store as run_store

KEY, SESSION, PIN = "gate.key", "gate.session", "gate.pin"
WRONG_SECONDS = 1.0
REFUSED = (
    "Viewers can look at everything but change nothing. To make changes, press “Instructor” and"
    " enter the PIN."
)
PATHS_REFUSED = (
    "only the instructor can use files and folders on this machine; choose from the menu instead"
)


@st.cache_resource
def door() -> serving.Door:
    """Return the door of this server, which knows the PIN and who entered."""
    return serving.open_door(st.get_option("server.address"))


def is_shared() -> bool:
    """Return whether other people than the user of this machine can open the dashboard."""
    return door().is_shared


def is_instructor() -> bool:
    """Return whether this session may change things."""
    return door().fits(st.session_state.get(KEY))


def require_instructor() -> None:
    """Raise UserError in a viewer's session."""
    if not is_instructor():
        raise UserError(REFUSED)


def permitted(act: Callable[..., Any]) -> Callable[..., Any]:
    """Return `act`, which changes something; in a viewer's session raise instead."""
    require_instructor()
    return act


def may_launch() -> bool:
    """Return whether this session may launch runs: the instructor's, and a viewer's where the
    server was started so.
    """
    return is_instructor() or door().launching is not None


def launching(
    act: Callable[..., str],
) -> Callable[[run_store.RunStore, Sequence[RunSpec]], list[str]]:
    """Return a function that submits specs by `act` (store, spec): in a viewer's session within the
    limits, or raising where viewers may not launch.
    """
    limits = door().launching
    if is_instructor() or limits is None:
        require_instructor()
        return lambda store, specs: [act(store, spec) for spec in specs]
    return lambda store, specs: serving.launch_for_viewer(store, specs, _viewer(), limits, act)


def launch_caption() -> str:
    """Return one line on what a viewer may launch; empty if nothing, and for the instructor, who
    has no limits.
    """
    limits = door().launching
    return "" if limits is None or is_instructor() else limits.sentence()


def _viewer() -> str:
    """Return the identity of a viewer: the network address where there is one, since reloading a
    page starts a new session.
    """
    return st.context.ip_address or st.session_state.setdefault(SESSION, secrets.token_hex(8))


def require_path_access() -> None:
    """Raise UserError in a viewer's session: viewers must not find out which files this machine
    has.
    """
    if not is_instructor():
        raise UserError(PATHS_REFUSED)


def closed(reason: str = "") -> dict[str, Any]:
    """Return the options of a button that a viewer sees but cannot press.

    The gate holds without them.
    """
    return {} if is_instructor() else {"disabled": True, "help": reason or REFUSED}


@st.dialog("Instructor")
def ask_for_pin() -> None:
    """Draw the dialog that makes this session the instructor's."""
    st.caption("This dashboard is shared. The person who started it has the PIN.")
    with st.form("gate.form", border=False):
        pin = st.text_input("PIN", type="password", key=PIN, autocomplete="off")
        if not st.form_submit_button("Enter", type="primary"):
            return
    with mistakes_shown():
        _enter(pin or "")
        st.rerun()


def _enter(pin: str) -> None:
    session = st.session_state.setdefault(SESSION, secrets.token_hex(8))
    try:
        st.session_state[KEY] = door().enter(pin, session)
    except UserError:
        time.sleep(WRONG_SECONDS)
        raise


def leave() -> None:
    """Make this session a viewer's again."""
    st.session_state.pop(KEY, None)
