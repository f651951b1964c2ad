"""Bundles: download a run, import another."""

from functools import partial

import streamlit as st

from pages.ui.runs_page.run_list import CHOSEN
from pages.ui.shared.frame import mistakes_shown, plain
from pages.ui.shared.gate import closed, is_instructor, permitted
from pages.ui.shared.session import store
from rft_core import RunRecord, bundles

CAME_IN, UPLOADS, SHOWN_LINES = "runs.came_in", "runs.bundles", 20


def bundle_form(record: RunRecord | None) -> None:
    """Draw the menu that downloads the bundle of `record`, if there is one, and imports another
    bundle.
    """
    with st.popover(
        "Bundle",
        icon=":material/inventory_2:",
        key="runs.bundle",
        help="Save or move a run with all its files as one .zip.",
    ):
        if record is not None:
            # a viewer's browser gets no function to call, whatever button it presses
            make = (
                partial(permitted(bundles.bundle_bytes), store(), record.run_id)
                if is_instructor()
                else b""
            )
            name, help_text = (
                f"rft-lab-{record.run_id}.zip",
                "Settings, events, report and files, with a checksum of each.",
            )
            st.download_button(
                "Download bundle",
                make,
                name,
                "application/zip",
                key="runs.bundle.get",
                on_click="ignore",
                icon=":material/download:",
                **{"help": help_text} | closed(),
            )
        _upload()


def _upload() -> None:
    # a new key empties the upload after it was imported
    generation = st.session_state.setdefault(UPLOADS, 0)
    file = st.file_uploader(
        "Import a bundle", type="zip", key=f"{UPLOADS}.{generation}", **closed()
    )
    if (
        st.button(
            "Import",
            key="runs.bundle.import",
            icon=":material/upload:",
            **{"disabled": file is None} | closed(),
        )
        and file is not None
    ):
        with mistakes_shown():
            done = permitted(bundles.import_bundle)(store(), file, file.name)
            st.session_state[CAME_IN] = tuple(bundles.import_lines(done))
            st.session_state[UPLOADS] = generation + 1
            if done["runs"]:
                st.session_state[CHOSEN] = done["runs"][-1]["as"]
                st.query_params.pop("run", None)
            st.rerun()


def show_imported() -> None:
    """Show once what the last import added."""
    lines = st.session_state.pop(CAME_IN, ())
    if lines:
        rest = [f"and {len(lines) - SHOWN_LINES} more"] if len(lines) > SHOWN_LINES else []
        st.success(
            "  \n".join(map(plain, [*lines[:SHOWN_LINES], *rest])), icon=":material/inventory_2:"
        )
