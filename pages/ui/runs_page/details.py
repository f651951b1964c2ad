"""Settings, log and command of one run."""

from pathlib import Path

import streamlit as st

from pages.ui.shared.session import store
from rft_core import RunRecord, files, report
from rft_core import spec as run_spec

LOG_CHARACTERS = 4000


def show_details(record: RunRecord, past: report.run.RunHistory) -> None:
    """Draw settings, log and command in an expander."""
    with st.expander("Settings, log and command", expanded=record.status == "failed"):
        # the log comes first when the run failed
        log, settings = (
            st.tabs(["Log", "Settings"])
            if record.status == "failed"
            else reversed(st.tabs(["Settings", "Log"]))
        )
        with settings:
            st.code(f"python -m rft_core show {record.run_id} --json", language="bash")
            st.dataframe(
                [
                    {"setting": name, "value": str(value)}
                    for name, value in run_spec.flatten(record.spec).items()
                ],
                hide_index=True,
                height=260,
            )
        with log:
            for line in past.log:
                st.text(line)
            path = store().folder(record.run_id) / files.run_files.LOG
            st.code(_tail(path) or "nothing was printed", language="text", height=260)
            st.caption(f"The end of {path}")


def _tail(path: Path) -> str:
    """Return the end of a text file, "" if there is none; never reads a large log completely."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_CHARACTERS))
        return file.read().decode(errors="replace")
