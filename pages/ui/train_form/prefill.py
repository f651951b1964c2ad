"""Train filled with the settings of an earlier run: `?from=RUN_ID` in the URL,
written by "Duplicate".

The form calls `arrived()` once per page run, and fills itself again if that is true;
`starting_point(preset)` wherever it would take the preset; `forget()` when another preset is
chosen.
"""

import streamlit as st

from pages.ui.shared.frame import show_mistake
from pages.ui.shared.session import store
from rft_core import RunSpec, UserError, preset, with_settings

ORIGIN = "form.from"


def arrived() -> bool:
    """Return whether the URL names a run that the form was not yet filled from; an unknown run is
    shown as a mistake.
    """
    wanted = st.query_params.get("from", "")
    if not wanted or wanted == st.session_state.get(ORIGIN):
        return False
    try:
        store().get(wanted)
    except UserError as error:
        show_mistake(error)
        st.query_params.pop("from")
        return False
    st.session_state[ORIGIN] = wanted
    return True


def starting_point(name: str) -> RunSpec:
    """Return the spec that the form starts from: that of the run in the URL, else that of preset
    `name`.
    """
    if origin := st.session_state.get(ORIGIN):
        try:
            spec = store().get(origin).spec
            return with_settings(spec, {"name": f"{spec.name or origin} · copy"[:200]})
        except UserError:
            # the run was deleted in the meantime
            forget()
    return preset(name)


def forget() -> None:
    """Start from presets again."""
    st.session_state.pop(ORIGIN, None)
    st.query_params.pop("from", None)
