"""The message shown when a run's data or weights have moved, and the field for their new path."""

from collections.abc import Iterable

import streamlit as st

from pages.ui.shared.frame import mistakes_shown, plain
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.session import store
from rft_core import RunRecord, jobs, spec

LABELS = {spec.DATASET: "Where its images are now", "model.checkpoint": "Where its weights are now"}


def relocate_form(record: RunRecord, names: Iterable[str] = spec.PATH_SETTINGS) -> bool:
    """Show which paths of a run no longer exist, each with a field for its new path; return whether
    there are any.
    """
    if not store().is_local:
        # another machine that shares the store may have files that this machine lacks
        return False
    gone = spec.gone_settings(record.spec, names)
    for setting, value in gone.items():
        st.warning(
            plain(spec.gone_message(setting, value, record.run_id)), icon=":material/link_off:"
        )
        _form(record, setting, value)
    return bool(gone)


def _form(record: RunRecord, setting: str, value: str) -> None:
    scheme = f"{value.partition(':')[0]}:" if setting == spec.DATASET else ""
    with st.form(f"relocate.{record.run_id}.{setting}", border=False):
        path = st.text_input(
            LABELS[setting],
            key=f"relocate.path.{record.run_id}.{setting}",
            placeholder="/path/to/the/same/data",
            help=(
                "Images are read from there and compared with the run's own; different images"
                " are refused."
            ),
            **closed(),
        )
        is_submitted = st.form_submit_button(
            "Set the path", icon=":material/drive_file_move:", **closed()
        )
    if is_submitted:
        with mistakes_shown(), st.spinner("Checking the path"):
            permitted(jobs.relocate_apart)(
                store(), record.run_id, setting, scheme + (path or "").strip()
            )
            st.rerun()
