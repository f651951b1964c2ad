"""What a lesson can lock or hide, under the labels of the form: the controls of the form first,
then the rest.
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
    """Start drawing the form: no control is registered yet."""
    st.session_state[DRAWN] = {}


def note_drawn(setting: str, label: str) -> None:
    """Remember that `setting` is on the form under `label`; the first of several controls gives the
    name.
    """
    st.session_state.setdefault(DRAWN, {}).setdefault(setting, label)


def drawn() -> Mapping[str, str]:
    """Return setting -> label of the form as last drawn, in its order."""
    return MappingProxyType(st.session_state.get(DRAWN, {}))


def offered(on_form: Mapping[str, str], *, with_parts: bool) -> list[str]:
    """Return every name that can be locked, or `with_parts` hidden: those of the form in its order,
    parts, sections, then settings that are not on the form.
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


def menu_label(name: str, on_form: Mapping[str, str]) -> str:
    """Return how a menu shows `name`: the label comes first, so that a search finds it before
    matches in descriptions.
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
        # the label "Strategy" names its section, "Kind" does not
        return (
            f"{label} ({section})" if section and label.lower().split()[0] not in section else label
        )
    return f"Not on the form: {name}, {spec.describe(name)}"
