"""A zip uploaded as a dataset: unpack it once, choose it, show the outcome, remove it."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.ui.shared.frame import mistakes_shown, plain
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.session import store
from pages.ui.train_form.data_domains import chosen_domains
from pages.ui.train_form.folder_check import folder_mistake
from pages.ui.train_form.form_state import fill_dataset, key
from rft_core import UserError, files, preset

UPLOADER, OUTCOME, CAME_IN = "upload.zip", "upload.outcome", "upload.came_in"


@dataclass(frozen=True)
class Outcome:
    """The outcome of an upload."""

    file_id: str
    name: str
    folder: Path | None = None
    kept: int = 0
    skipped: tuple[str, ...] = ()
    left_out: int = 0
    error: str = ""


def show_upload_button() -> None:
    most = st.get_option("server.maxUploadSize")
    # a new key closes the menu after an upload; without its own key, its open state would pass to
    # the
    # menu "Remove" that then appears
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
            **{"help": "One folder of images per class, or such folders inside train/ and test/."}
            | closed(),
        )
        st.caption(
            f"For a zip larger than {most} MB, choose 'Image folder or zip' and give its path on"
            " this machine."
        )


def take_upload() -> None:
    """Unpack a newly uploaded file, once, and choose it."""
    file, before = st.session_state.get(UPLOADER), st.session_state.get(OUTCOME)
    if file is None or (before and before.file_id == file.file_id):
        return
    with st.spinner(f"Unpacking {file.name}"):
        try:
            upload = permitted(files.uploads.unpack_dataset)(file, file.name, store().home)
        except (UserError, OSError) as error:
            st.session_state[OUTCOME] = Outcome(file.file_id, file.name, error=str(error))
            return
    st.session_state[OUTCOME] = Outcome(
        file.file_id, file.name, upload.folder, upload.kept, upload.skipped, upload.left_out
    )
    st.session_state[key("data.dataset")] = f"folder:{upload.folder}"
    st.session_state[CAME_IN] = f"folder:{upload.folder}"


def came_in(dataset: str) -> bool:
    """Return, once after unpacking a file, whether `dataset` is that file."""
    return st.session_state.pop(CAME_IN, "") == dataset


def show_outcome() -> None:
    """Show what is wrong with the last upload, or what was left out of it while it is the chosen
    dataset.
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


def show_uploaded(folder: Path) -> None:
    """Show what was uploaded, and the button that removes it."""
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
                plain(
                    f"{outcome.name}: {outcome.kept:,} images kept. It is now the chosen dataset."
                ),
                icon=":material/check_circle:",
            )
        else:
            st.caption(plain(f"Uploaded earlier as {folder.name}."))
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
        permitted(files.uploads.remove_upload)(store().home, name)
        fill_dataset(preset(st.session_state["train.preset"]).data.dataset)
