"""The menu of schedules to compare with; its choice is in the address, `?overlay=cosine,paper`."""

import streamlit as st

from pages.ui.shared.frame import quoted
from rft_core import report

# WRITTEN holds what this session chose, as the address spells it; it outlives the menu
KEY, NAME, WRITTEN = "form.overlay", "overlay", "form.overlay_written"
DEFAULT = ("constant", "two_hinge")
NOTHING = "none"


def compare_with() -> list[str]:
    """Draw the menu and return the chosen names of REFERENCES; a link, a refresh and the back
    button restore them.
    """
    labels = {reference.name: reference.label for reference in report.run.REFERENCES}
    _adopt(list(labels))
    chosen = st.multiselect(
        "Compare with",
        list(labels),
        format_func=lambda name: labels.get(name, name),
        key=KEY,
        placeholder="nothing",
        help=(
            "Draws other schedules over the same training. Each keeps its own ramp, whatever the"
            " form says."
        ),
    )
    _write(chosen)
    return chosen


def _adopt(offered: list[str]) -> None:
    remembered = st.session_state.get(WRITTEN, ",".join(DEFAULT))
    requested = st.query_params.get(NAME, remembered)
    if requested == remembered and KEY in st.session_state:
        return
    wanted = [name for name in dict.fromkeys(requested.split(",")) if name and name != NOTHING]
    st.session_state[KEY] = [name for name in wanted if name in offered]
    if strange := [name for name in wanted if name not in offered]:
        st.warning(
            f"From the link: there is no schedule {quoted(', '.join(strange))} to compare with.",
            icon=":material/link_off:",
        )


def _write(chosen: list[str]) -> None:
    text = ",".join(chosen) or NOTHING
    st.session_state[WRITTEN] = text
    if tuple(chosen) == DEFAULT:
        st.query_params.pop(NAME, None)
    elif st.query_params.get(NAME) != text:
        st.query_params[NAME] = text
