"""Choose the dataset: embedded, online, or your own by path, by upload, by name on the hub."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.shared.gate import PLACES_REFUSED, closed, is_instructor, require_place
from pages.ui.shared.session import is_online, store
from pages.ui.train_form.data_domains import chosen_domains, domains_of_row
from pages.ui.train_form.data_upload import (
    show_outcome,
    show_upload_button,
    show_uploaded,
    take_upload,
)
from pages.ui.train_form.field import field
from pages.ui.train_form.folder_check import folder_menu, tell_reading
from pages.ui.train_form.form_state import fill_dataset, key, place_key
from rft_core import UserError, choices, files, preset, resources, spec


@dataclass(frozen=True)
class _Own:
    """How data that are not on the menu are named: the menu's label, and the
    field for their place.
    """

    label: str
    field: str
    placeholder: str
    help: str
    missing: str


class MissingPlace(UserError):
    """The data are one's own and nobody has said yet where they are: nothing
    wrong, only unfinished.
    """


OWN = MappingProxyType(
    {
        "folder": _Own(
            "Image folder or zip · your own",
            "Folder or zip",
            "/path/to/images",
            "One folder of images a class, or train/ and test/ of them.",
            "Type the folder's path.",
        ),
        "csv": _Own(
            "Table of paths and labels · your own",
            "Table (CSV)",
            "/path/to/table.csv",
            "Columns path and label; split and domain if there are any.",
            "Type the table's path.",
        ),
        "hf": _Own(
            "Hugging Face dataset · online",
            "Name on the hub",
            "OWNER/NAME",
            "Its image and label columns are found by their types.",
            "Type the dataset's name on the hub.",
        ),
    }
)


def data_menu() -> bool:
    """Draw the menu of datasets with what belongs to the chosen one; return whether
    it is to be looked at.
    """
    take_upload()
    rows = {row.name: row for row in choices("datasets") if row.name not in spec.SCHEMES}
    uploaded = {f"folder:{folder}": folder for folder in files.uploads.list_uploads(store().home)}
    _mend_choice(rows, uploaded)
    labels = {row.name: _label(row) for row in rows.values() if not row.is_online}
    labels |= {name: f"{folder.name} · uploaded" for name, folder in uploaded.items()}
    labels |= {scheme: own.label for scheme, own in OWN.items() if scheme != "hf"}
    labels |= {row.name: _label(row) for row in rows.values() if row.is_online} | {
        "hf": OWN["hf"].label
    }
    chosen = field(st.selectbox, "Dataset", "data.dataset", list(labels), format_func=labels.get)
    if chosen in rows:
        _show_row(rows[chosen])
    elif chosen in OWN:
        own = OWN[chosen]
        field(
            st.text_input,
            own.field,
            "data.dataset",
            key=place_key(chosen),
            placeholder=own.placeholder,
            **{"help": own.help} | closed(PLACES_REFUSED),
        )
    if chosen == "folder" or chosen in uploaded:
        _folder(chosen)
    if chosen == "csv":
        _table()
    with st.container(horizontal=True, gap="small"):
        look = st.button(
            "Look at the data",
            key="form.look",
            icon=":material/image_search:",
            help="Pictures, class sizes, broken files, duplicates.",
        )
        if not (lesson.is_locked("data.dataset") or lesson.is_hidden("data.dataset")):
            show_upload_button()
    show_outcome()
    if chosen in uploaded:
        show_uploaded(uploaded[chosen])
    return look


def _folder(chosen: str) -> None:
    """Draw how a folder is read, once one is named."""
    dataset = (
        f"folder:{(st.session_state[place_key('folder')] or '').strip()}"
        if chosen == "folder"
        else chosen
    )
    # what a viewer types must not tell which files this machine has
    if dataset != "folder:" and (is_instructor() or chosen != "folder"):
        folder_menu(dataset, chosen_domains())


def _table() -> None:
    """Say how a table is read, once one is named."""
    table = (st.session_state[place_key("csv")] or "").strip()
    # what a viewer types must not tell which files this machine has
    if table and is_instructor():
        tell_reading(f"csv:{table}", chosen_domains(), "the table")


def _mend_choice(rows: dict[str, spec.Choice], uploaded: dict[str, Path]) -> None:
    """Show an uploaded folder as itself, and what is on no menu as a folder."""
    state = st.session_state
    chosen, folder = state[key("data.dataset")], f"folder:{state[place_key('folder')]}"
    if chosen == "folder" and folder in uploaded:
        state[key("data.dataset")], state[place_key("folder")] = folder, ""
    elif chosen not in (*rows, *uploaded, *OWN):
        fill_dataset(chosen if ":" in chosen else preset("scheduled").data.dataset)


def _label(row: spec.Choice) -> str:
    if not row.is_online:
        return f"{row.label} · embedded"
    return f"{row.label} · online, " + (
        "here"
        if resources.datasets.is_downloaded(store().home, row.name)
        else "not here, needs a download"
    )


def _show_row(row: spec.Choice) -> None:
    numbers = [
        f"{row.facts[name]:,} {words}"
        for name, words in (
            ("train", "training images"),
            ("test", "test images"),
            ("classes", "classes"),
        )
        if name in row.facts
    ]
    st.caption(" ".join([row.help, *([f"{', '.join(numbers)}."] if numbers else [])]))
    if row.is_online and not resources.datasets.is_downloaded(store().home, row.name):
        if is_online():
            st.caption(
                ":material/cloud_download: Not here yet: the first run downloads it, then it works"
                " without a network."
            )
        else:
            st.caption(
                ":material/cloud_off: Not here, and the network cannot be reached: embedded"
                " datasets and your own work without one."
            )
    if row.domains:
        domains_of_row(list(row.domains))


def chosen_dataset() -> str:
    """Return the chosen dataset as a spec names it; raises MissingPlace while there is no path or
    name, UserError for a path that leads nowhere.
    """
    chosen = st.session_state[key("data.dataset")]
    if chosen not in OWN:
        return chosen
    require_place()
    place = (st.session_state[place_key(chosen)] or "").strip()
    if not place:
        raise MissingPlace(OWN[chosen].missing)
    dataset = spec.absolute_value(spec.DATASET, f"{chosen}:{place}")
    path = Path(dataset.partition(":")[2])
    if chosen == "folder" and not (path.is_dir() or path.is_file()):
        raise UserError(
            f"there is no folder '{path}' on this machine; give the path of a folder with one"
            " folder of images a class, or of a zip of it"
        )
    if chosen == "csv" and not path.is_file():
        raise UserError(
            f"there is no file '{path}' on this machine; give the path of a table with the columns"
            " path and label"
        )
    return dataset


def needs_download(dataset: str) -> bool:
    """Return whether `dataset` is fetched from the network the first time it is read."""
    online = dataset.startswith("hf:") or any(
        row.name == dataset and row.is_online for row in choices("datasets")
    )
    return online and not resources.datasets.is_downloaded(store().home, dataset)
