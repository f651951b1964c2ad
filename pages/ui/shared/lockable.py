"""What a lesson can lock or hide, in the words of the form: the controls on it
first, then the rest.
"""

from collections.abc import Mapping
from types import MappingProxyType

import streamlit as st

from pages.ui.shared import lesson
from rft_core import spec

DRAWN = "form.labels"
PARTS = MappingProxyType(
    {
        "preset": "Start from",
        "advanced": "Advanced settings",
        "cost": "Time and cost",
        "launch": "Launch run",
        "trio": "Launch the trio",
    }
)
SECTIONS = MappingProxyType(
    {
        "data": "data",
        "model": "model",
        "strategy": "strategy",
        "threat": "norm and target epsilon",
        "schedule": "epsilon schedule",
        "attack": "attack while training",
        "objective": "objective",
        "optim": "optimiser",
        "evaluation": "measuring",
        "runtime": "machine",
    }
)


def forget_drawn() -> None:
    """Begin a new drawing of the form: no control of it is known yet."""
    st.session_state[DRAWN] = {}


def note_drawn(setting: str, label: str) -> None:
    """Remember that the control of `setting` is on the form under `label`; of several
    controls the first names it.
    """
    st.session_state.setdefault(DRAWN, {}).setdefault(setting, label)


def drawn() -> Mapping[str, str]:
    """Return setting -> label of the form as it was last drawn, in its order."""
    return MappingProxyType(st.session_state.get(DRAWN, {}))


def offered(on_form: Mapping[str, str], *, with_parts: bool) -> list[str]:
    """Return every name that can be locked, or with the parts hidden: those of the form in its
    order, parts, sections, what is not on it.
    """
    parts = lesson.PARTS if with_parts else ()
    rest = [
        name for name in lesson.names_offered() if name not in (lesson.EVERYTHING, *lesson.PARTS)
    ]
    return list(
        dict.fromkeys(
            [
                lesson.EVERYTHING,
                *on_form,
                *parts,
                *(name for name in rest if name in SECTIONS),
                *rest,
            ]
        )
    )


def told(name: str, on_form: Mapping[str, str]) -> str:
    """Return how a menu calls `name`: its label comes first, so that a search finds it before
    what a description says.
    """
    if name == lesson.EVERYTHING:
        return "Everything"
    if name in PARTS:
        return PARTS[name]
    if name in SECTIONS:
        return f"All of: {SECTIONS[name]}"
    section = SECTIONS.get(name.partition(".")[0], "")
    if name in on_form:
        label = on_form[name]
        # "Strategy" says where it belongs, "Kind" does not
        return (
            f"{label} ({section})" if section and label.lower().split()[0] not in section else label
        )
    return f"Not on the form: {name}, {spec.describe(name)}"
