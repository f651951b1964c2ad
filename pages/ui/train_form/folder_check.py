"""How the chosen image folder or zip will be read, shown before anything is launched."""

from types import MappingProxyType

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.shared.frame import plain
from pages.ui.train_form.field import field
from pages.ui.train_form.form_state import key
from rft_core import UserError, resources, spec

# a folder may be corrected while the page is open
SECONDS = 10
SHOWN = 4
LAYOUTS = MappingProxyType({
    "auto": "Decided by their names",
    "splits": "Splits: train, val, test",
    "classes": "Classes",
})  # fmt: skip


@st.cache_data(ttl=SECONDS, max_entries=50, show_spinner="Checking the folder")
def _checked(dataset: str, layout: str, domains: tuple[str, ...]) -> tuple[str, ...]:
    return resources.check_dataset(dataset, layout, domains)


def check_folder(dataset: str, domains: list[str]) -> tuple[str, ...]:
    """Return the notes on the folder or zip `dataset`; raises DataError if a run on it would
    fail.
    """
    return _checked(dataset, chosen_layout(dataset), tuple(domains))


def chosen_layout(dataset: str) -> str:
    """Return what the folders of `dataset` stand for, from the form; "auto" for all but folders and
    zips.
    """
    location = spec.locations().get(dataset.partition(":")[0])
    has_layout = location is not None and location.has_layout
    return st.session_state[key("data.layout")] if has_layout else "auto"


def folder_mistake(dataset: str, domains: list[str]) -> str:
    """Return why no run can be launched on the folder or zip `dataset`, or ""."""
    try:
        check_folder(dataset, domains)
    except UserError as error:
        return str(error)
    return ""


def folder_menu(dataset: str, domains: list[str], name: str) -> None:
    """Draw the menu of what the folders of `dataset` stand for, and show how it is read; `name` is
    used in sentences.
    """
    field(st.selectbox, "The folders are", "data.layout", list(LAYOUTS), format_func=LAYOUTS.get)
    show_reading(dataset, domains, name)


def show_reading(dataset: str, domains: list[str], name: str) -> None:
    """Show how the folder, zip or table `dataset` is read, and what is left out; `name` is used in
    sentences.
    """
    # a mistake is shown beside the launch button that it disables
    if lesson.is_hidden("data.dataset") or folder_mistake(dataset, domains):
        return
    lines = check_folder(dataset, domains)
    for line in lines[:SHOWN]:
        st.caption(f":material/info: {plain(line[:1].upper() + line[1:])}.")
    if len(lines) > SHOWN:
        with st.expander(f"{len(lines) - SHOWN} more about {name}"):
            st.text("\n".join(lines[SHOWN:]))
