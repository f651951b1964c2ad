"""One control or menu of the form, hidden or locked if the lesson says so."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.ui.shared import lesson, lockable
from pages.ui.train_form.form_state import key
from rft_core import choices, find, spec

LOCKED = "Locked by the link that opened this page."


def field(
    draw: Callable[..., Any], label: str, setting: str, *arguments: Any, **options: Any
) -> Any:
    """Draw the control of `setting` with `draw` and return its value; a hidden control keeps its
    value.
    """
    name = options.pop("key", key(setting))
    lockable.note_drawn(setting, label)
    if lesson.is_hidden(setting):
        return st.session_state.get(name)
    shown = {"help": spec.describe(setting)} | options
    if lesson.is_locked(setting):
        shown |= {"disabled": True, "help": f"{shown['help'] or ''} {LOCKED}".strip()}
    return draw(label, *arguments, key=name, **shown)


def menu(kind: str, setting: str, label: str, **options: Any) -> str:
    """Draw the menu `kind` of the catalog for `setting`, with one sentence on the choice; return
    its name.
    """
    labels = {row.name: row.label for row in choices(kind)}
    chosen = field(st.selectbox, label, setting, list(labels), format_func=labels.get, **options)
    if not lesson.is_hidden(setting):
        st.caption(find(kind, chosen).help)
    return chosen
