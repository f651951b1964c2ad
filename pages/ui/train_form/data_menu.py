"""Choose the dataset: embedded, online, or your own by path, by upload, by name on the hub."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.shared.frame import mistakes_shown, plain
from pages.ui.shared.gate import PLACES_REFUSED, closed, is_instructor, permitted, require_place
from pages.ui.shared.session import is_online, store
from pages.ui.train_form.field import field
from pages.ui.train_form.folder_check import folder_menu, folder_mistake, tell_reading
from pages.ui.train_form.form_state import fill_dataset, key, place_key
from rft_core import UserError, choices
from rft_core.files import uploads
from rft_core.resources import datasets
from rft_core.spec.catalog import DatasetRow, dataset_row, locations
from rft_core.spec.presets import preset
from rft_core.spec.setting_paths import DATASET, absolute_value

UPLOADER, OUTCOME, CAME_IN = "upload.zip", "upload.outcome", "upload.came_in"


class MissingPlace(UserError):
    """The data are one's own and nobody has said yet where they are: nothing
    wrong, only unfinished.
    """


@dataclass(frozen=True)
class _Outcome:
    """What became of an uploaded file."""

    file_id: str
    name: str
    folder: Path | None = None
    kept: int = 0
    skipped: tuple[str, ...] = ()
    left_out: int = 0
    error: str = ""


def data_menu() -> bool:
    """Draw the menu of datasets with what belongs to the chosen one; return whether
    it is to be looked at.
    """
    _take_upload()
    rows = {row.name: row for row in choices("datasets") if row.location is None}
    own = {row.name: row for row in choices("datasets") if row.location is not None}
    uploaded = {f"folder:{folder}": folder for folder in uploads.list_uploads(store().home)}
    _mend_choice(rows, uploaded)
    labels = {row.name: _label(row) for row in rows.values() if not row.is_online}
    labels |= {name: f"{folder.name} · uploaded" for name, folder in uploaded.items()}
    labels |= {name: row.location.label for name, row in own.items() if not row.is_online}
    labels |= {row.name: _label(row) for row in rows.values() if row.is_online}
    labels |= {name: row.location.label for name, row in own.items() if row.is_online}
    chosen = field(st.selectbox, "Dataset", "data.dataset", list(labels), format_func=labels.get)
    if chosen in rows:
        _show_row(rows[chosen])
    elif chosen in own:
        asked = own[chosen].location
        field(
            st.text_input,
            asked.field,
            "data.dataset",
            key=place_key(chosen),
            placeholder=asked.placeholder,
            **{"help": asked.help} | closed(PLACES_REFUSED),
        )
    _tell_own(chosen)
    with st.container(horizontal=True, gap="small"):
        look = st.button(
            "Look at the data",
            key="form.look",
            icon=":material/image_search:",
            help="Pictures, class sizes, broken files, duplicates.",
        )
        if not (lesson.is_locked("data.dataset") or lesson.is_hidden("data.dataset")):
            _upload()
    _show_outcome()
    if chosen in uploaded:
        _show_upload(uploaded[chosen])
    return look


def _tell_own(chosen: str) -> None:
    """Say how data of one's own are read, typed or uploaded, once they are named."""
    scheme, is_upload, where = chosen.partition(":")
    asked = locations().get(scheme)
    if asked is None or not asked.check:
        return
    where = where or (st.session_state[place_key(scheme)] or "").strip()
    # what a viewer types must not tell which files this machine has
    if where and (is_upload or is_instructor()):
        draw = folder_menu if asked.has_layout else tell_reading
        draw(f"{scheme}:{where}", chosen_domains(), f"the {asked.noun}")


def _mend_choice(rows: dict[str, DatasetRow], uploaded: dict[str, Path]) -> None:
    """Show an uploaded folder as itself, and what is on no menu as a folder."""
    state = st.session_state
    chosen = state[key("data.dataset")]
    if chosen in locations() and (named := f"{chosen}:{state[place_key(chosen)]}") in uploaded:
        state[key("data.dataset")], state[place_key(chosen)] = named, ""
    elif chosen not in (*rows, *uploaded, *locations()):
        fill_dataset(chosen if ":" in chosen else preset("scheduled").data.dataset)


def _label(row: DatasetRow) -> str:
    if not row.is_online:
        return f"{row.label} · embedded"
    return f"{row.label} · online, " + (
        "here" if datasets.is_downloaded(store().home, row.name) else "not here, needs a download"
    )


def _show_row(row: DatasetRow) -> None:
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
    if row.is_online and not datasets.is_downloaded(store().home, row.name):
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
        _domains(list(row.domains))


def _domains(names: list[str]) -> None:
    """Draw the choice of training domains; one that another dataset has is let go."""
    state = st.session_state
    state[key("data.domains")] = [
        name for name in state.get(key("data.domains"), []) if name in names
    ]
    field(st.multiselect, "Train on", "data.domains", names, placeholder=f"{names[0]}, the first")
    st.caption("The other domains are measured only, never trained on.")


def domains_field() -> None:
    """Draw the training domains of data whose domains are not known before they are read."""
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
    """Return whether the chosen data are named by a scheme and a place."""
    return st.session_state[key("data.dataset")].partition(":")[0] in locations()


def chosen_dataset() -> str:
    """Return the chosen dataset as a spec names it; raises MissingPlace while there is no path or
    name, UserError for a path that leads nowhere.
    """
    chosen = st.session_state[key("data.dataset")]
    asked = locations().get(chosen)
    if asked is None:
        return chosen
    require_place()
    place = (st.session_state[place_key(chosen)] or "").strip()
    if not place:
        raise MissingPlace(asked.missing)
    dataset = absolute_value(DATASET, f"{chosen}:{place}")
    path = Path(dataset.partition(":")[2])
    takes_folder = "folder" in asked.path_kinds
    if asked.path_kinds and not (path.is_file() or takes_folder and path.is_dir()):
        raise UserError(
            f"there is no {asked.path_kinds[0]} '{path}' on this machine; give the path of"
            f" {asked.described}"
        )
    return dataset


def chosen_domains() -> list[str]:
    """Return the domains to train on; none for a dataset without them."""
    return (
        list(st.session_state.get(key("data.domains"), []))
        if is_own() or st.session_state[key("data.dataset")] in _domain_rows()
        else []
    )


def needs_download(dataset: str) -> bool:
    """Return whether `dataset` is fetched from the network the first time it is read."""
    return dataset_row(dataset).is_online and not datasets.is_downloaded(store().home, dataset)


def _upload() -> None:
    most = st.get_option("server.maxUploadSize")
    # another key closes it once a file came in; without a key of its own, its open state would pass
    # to the menu "Remove" that comes then
    outcome = st.session_state.get(OUTCOME)
    with st.popover(
        "Upload a zip",
        icon=":material/upload:",
        key=f"form.upload.{outcome.file_id if outcome else 'none'}",
    ):
        st.file_uploader(
            "A zip of images",
            type="zip",
            key=UPLOADER,
            **{"help": "One folder of images a class, or train/ and test/ of them."} | closed(),
        )
        st.caption(
            f"Larger than {most} MB: choose 'Image folder or zip' and give its path on this"
            " machine."
        )


def _take_upload() -> None:
    """Unpack a newly uploaded file, once, and choose it."""
    file, before = st.session_state.get(UPLOADER), st.session_state.get(OUTCOME)
    if file is None or (before and before.file_id == file.file_id):
        return
    with st.spinner(f"Unpacking {file.name}"):
        try:
            upload = permitted(uploads.unpack_dataset)(file, file.name, store().home)
        except (UserError, OSError) as error:
            st.session_state[OUTCOME] = _Outcome(file.file_id, file.name, error=str(error))
            return
    st.session_state[OUTCOME] = _Outcome(
        file.file_id, file.name, upload.folder, upload.kept, upload.skipped, upload.left_out
    )
    st.session_state[key("data.dataset")] = f"folder:{upload.folder}"
    st.session_state[CAME_IN] = f"folder:{upload.folder}"


def came_in(dataset: str) -> bool:
    """Return once, after a file was unpacked, whether `dataset` is what it became."""
    return st.session_state.pop(CAME_IN, "") == dataset


def _show_outcome() -> None:
    """Say what is wrong with the last uploaded file, or what was left out of it while it
    is the chosen dataset.
    """
    outcome = st.session_state.get(OUTCOME)
    if outcome is None:
        return
    if outcome.error:
        st.error(plain(outcome.error), icon=":material/error:")
    elif outcome.skipped and st.session_state[key("data.dataset")] == f"folder:{outcome.folder}":
        with st.expander(
            f"{outcome.left_out:,} {'file was' if outcome.left_out == 1 else 'files were'} left out"
        ):
            st.text("\n".join(outcome.skipped))


def _show_upload(folder: Path) -> None:
    """Say what is uploaded, and let it be removed."""
    outcome = st.session_state.get(OUTCOME)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if (
            outcome
            and outcome.folder == folder
            and (mistake := folder_mistake(f"folder:{folder}", chosen_domains()))
        ):
            st.warning(
                plain(f"{outcome.name}: {outcome.kept:,} images kept, but {mistake}"),
                icon=":material/help:",
            )
        elif outcome and outcome.folder == folder:
            st.success(
                plain(f"{outcome.name}: {outcome.kept:,} images kept, and chosen as the dataset."),
                icon=":material/check_circle:",
            )
        else:
            st.caption(plain(f"Uploaded before, as {folder.name}."))
        with st.popover("Remove", icon=":material/delete:", key=f"form.remove.{folder.name}"):
            st.caption(
                plain(
                    f"Deletes {folder.name} from this machine. Runs that used it keep their"
                    " results, but cannot be resumed or measured again."
                )
            )
            st.button(
                "Remove this upload",
                key="form.remove_upload",
                on_click=_forget,
                args=(folder.name,),
                icon=":material/delete:",
                **closed(),
            )


def _forget(name: str) -> None:
    with mistakes_shown():
        permitted(uploads.remove_upload)(store().home, name)
        fill_dataset(preset(st.session_state["train.preset"]).data.dataset)
