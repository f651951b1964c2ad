"""Choose the dataset: embedded, online, or your own by path, by upload, by name on the hub."""

from pathlib import Path

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.shared.gate import PATHS_REFUSED, closed, is_instructor, require_path_access
from pages.ui.shared.session import is_online, store
from pages.ui.train_form.data_domains import chosen_domains, domains_of_row
from pages.ui.train_form.data_upload import (
    show_outcome,
    show_upload_button,
    show_uploaded,
    take_upload,
)
from pages.ui.train_form.field import field
from pages.ui.train_form.folder_check import folder_menu, show_reading
from pages.ui.train_form.form_state import fill_dataset, key, location_key
from rft_core import UserError, choices, files, preset, resources, spec


class MissingLocation(UserError):
    """One's own data without a path or name yet: unfinished rather than wrong."""


def data_menu() -> bool:
    """Draw the menu of datasets with the controls of the chosen one; return whether to show the
    data.
    """
    take_upload()
    rows = {row.name: row for row in choices("datasets") if row.location is None}
    online = {row.name for row in choices("datasets") if row.is_online}
    locations = spec.locations()
    uploaded = {f"folder:{folder}": folder for folder in files.uploads.list_uploads(store().home)}
    _repair_choice(rows, uploaded)
    labels = {row.name: _label(row) for row in rows.values() if not row.is_online}
    labels |= {name: f"{folder.name} · uploaded" for name, folder in uploaded.items()}
    labels |= {name: location.label for name, location in locations.items() if name not in online}
    labels |= {row.name: _label(row) for row in rows.values() if row.is_online}
    labels |= {name: location.label for name, location in locations.items() if name in online}
    chosen = field(st.selectbox, "Dataset", "data.dataset", list(labels), format_func=labels.get)
    if chosen in rows:
        _show_row(rows[chosen])
    elif chosen in locations:
        location = locations[chosen]
        field(
            st.text_input,
            location.field,
            "data.dataset",
            key=location_key(chosen),
            placeholder=location.placeholder,
            **{"help": location.help} | closed(PATHS_REFUSED),
        )
    _show_own_reading(chosen)
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


def _show_own_reading(chosen: str) -> None:
    """Show how one's own data will be read, typed or uploaded, once they are named."""
    scheme, is_upload, where = chosen.partition(":")
    location = spec.locations().get(scheme)
    if location is None or not location.check:
        return
    where = where or (st.session_state[location_key(scheme)] or "").strip()
    # viewers must not find out which files this machine has
    if where and (is_upload or is_instructor()):
        draw = folder_menu if location.has_layout else show_reading
        draw(f"{scheme}:{where}", chosen_domains(), f"the {location.noun}")


def _repair_choice(rows: dict[str, spec.DatasetRow], uploaded: dict[str, Path]) -> None:
    """Choose the menu entry of an uploaded folder; enter data that no menu has as one's own."""
    state = st.session_state
    chosen = state[key("data.dataset")]
    if (
        chosen in spec.locations()
        and (named := f"{chosen}:{state[location_key(chosen)]}") in uploaded
    ):
        state[key("data.dataset")], state[location_key(chosen)] = named, ""
    elif chosen not in (*rows, *uploaded, *spec.locations()):
        fill_dataset(chosen if ":" in chosen else preset("scheduled").data.dataset)


def _label(row: spec.DatasetRow) -> str:
    if not row.is_online:
        return f"{row.label} · embedded"
    return f"{row.label} · online, " + (
        "here"
        if resources.datasets.is_downloaded(store().home, row.name)
        else "not here, needs a download"
    )


def _show_row(row: spec.DatasetRow) -> None:
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
                ":material/cloud_download: Not here yet: the first run downloads it. After that"
                " it works without a network."
            )
        else:
            st.caption(
                ":material/cloud_off: Not here, and the network cannot be reached. Embedded"
                " datasets and your own data work without one."
            )
    if row.domains:
        domains_of_row(list(row.domains))


def chosen_dataset() -> str:
    """Return the chosen dataset as a spec names it; raises MissingLocation while there is no path
    or name, UserError for a path that does not exist.
    """
    chosen = st.session_state[key("data.dataset")]
    location = spec.locations().get(chosen)
    if location is None:
        return chosen
    require_path_access()
    typed = (st.session_state[location_key(chosen)] or "").strip()
    if not typed:
        raise MissingLocation(location.missing)
    dataset = spec.absolute_value(spec.DATASET, f"{chosen}:{typed}")
    path = Path(dataset.partition(":")[2])
    takes_folder = "folder" in location.path_kinds
    if location.path_kinds and not (path.is_file() or takes_folder and path.is_dir()):
        raise UserError(
            f"there is no {location.path_kinds[0]} '{path}' on this machine; give the path of"
            f" {location.described}"
        )
    return dataset


def needs_download(dataset: str) -> bool:
    """Return whether `dataset` must be downloaded before it is read the first time."""
    row = spec.dataset_row(dataset)
    return row.is_online and not resources.datasets.is_downloaded(store().home, dataset)
