"""The menus of training domains, for datasets of the menu and for one's own data."""

import streamlit as st

from pages.ui.train_form.field import field
from pages.ui.train_form.form_state import key
from rft_core import choices, spec


def domains_of_row(names: list[str]) -> None:
    """Draw the choice of training domains; domains of another dataset are dropped."""
    state = st.session_state
    state[key("data.domains")] = [
        name for name in state.get(key("data.domains"), []) if name in names
    ]
    field(st.multiselect, "Train on", "data.domains", names, placeholder=f"{names[0]}, the first")
    st.caption("The other domains are only measured, never trained on.")


def domains_field() -> None:
    """Draw the field for training domains of data whose domains are unknown until they are read."""
    if st.session_state[key("data.dataset")] not in _domain_rows():
        state = st.session_state
        names = list(state.get(key("data.domains"), [])) if is_own() else []
        state[key("data.domains")] = names
        if is_own():
            field(
                st.multiselect,
                "Train on the domains",
                "data.domains",
                names,
                accept_new_options=True,
                placeholder="none: the data have no domains",
                help=(
                    "Type the names of the domains to train on: the outer folders of"
                    " PATH/DOMAIN/CLASS, or values of a domain column."
                ),
            )


def _domain_rows() -> tuple[str, ...]:
    return tuple(row.name for row in choices("datasets") if row.domains)


def is_own() -> bool:
    """Return whether the chosen data are one's own, named by a scheme and a location."""
    return st.session_state[key("data.dataset")].partition(":")[0] in spec.locations()


def chosen_domains() -> list[str]:
    """Return the domains to train on; empty for a dataset without domains."""
    return (
        list(st.session_state.get(key("data.domains"), []))
        if is_own() or st.session_state[key("data.dataset")] in _domain_rows()
        else []
    )
