"""What can be done with one run: pause, stop, resume, duplicate, fork, delete with undo, and the words kept with it."""

from collections.abc import Callable

import streamlit as st

from pages.ui import prefill
from pages.ui.bundle_form import bundle_form
from pages.ui.fork_form import fork_form
from pages.ui.frame import mistakes_shown
from pages.ui.gate import closed, permitted
from pages.ui.run_list import CHOSEN
from pages.ui.session import store
from rft_core.store.records import RESUMABLE, RunRecord
from rft_core.store.run_store import UNDO_SECONDS
from rft_core.worker.submit import ensure_worker

SHOWN_DELETED, SHOWN_NAME = 3, 40


def show_actions(record: RunRecord) -> None:
    """Draw the buttons that this run's status allows."""
    act, run_id = store(), record.run_id
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if record.status in ("running", "queued"):
            stop_help = "Finishes the step, measures on the test images, and keeps the model with its report."
            _button("Stop and keep", "stop", ":material/stop:", lambda: permitted(act.request)(run_id, "stop"), stop_help)
            _button("Pause", "pause", ":material/pause:", lambda: permitted(act.request)(run_id, "pause"), "Keeps a checkpoint and gives the device free.")
        if record.status in RESUMABLE:
            _button("Resume", "resume", ":material/play_arrow:", lambda: _resume(run_id), "Goes on from the last checkpoint.")
        if st.button("Duplicate", icon=":material/content_copy:", key="runs.duplicate", help="Opens Train with all settings of this run, to be changed."):
            prefill.forget()
            st.switch_page("pages/train.py", query_params={"from": run_id})
        if record.report and st.button(
            "Evaluate", icon=":material/troubleshoot:", key="runs.evaluate", help="Stronger attacks, honesty checks, single images."
        ):
            st.switch_page("pages/evaluate.py", query_params={"run": run_id})
        fork_form(record)
        _words(record)
        bundle_form(record)
        if not record.is_active:
            help_text = f"Hides the run at once and removes it with its files after {UNDO_SECONDS / 60:.0f} minutes; until then it can be brought back."
            _button("Delete", "delete", ":material/delete:", lambda: _discard(run_id), help_text)


def _button(label: str, name: str, icon: str, action: Callable[[], object], help_text: str) -> None:
    if st.button(label, icon=icon, key=f"runs.{name}", **{"help": help_text} | closed()):
        with mistakes_shown():
            action()
            st.rerun()


def _resume(run_id: str) -> None:
    permitted(store().resume)(run_id)
    permitted(ensure_worker)(store().home)


def _discard(run_id: str) -> None:
    permitted(store().discard)(run_id)
    st.session_state.pop(CHOSEN, None)
    st.query_params.pop("run", None)


def show_deleted() -> None:
    """Offer the newest deleted runs back."""
    deleted = store().discarded()
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for run_id, name, _ in deleted[:SHOWN_DELETED]:
            st.text(f"{name if len(name) <= SHOWN_NAME else f'{name[:SHOWN_NAME]} …'} was deleted.", width="content")
            if st.button("Undo", icon=":material/undo:", key=f"runs.undo.{run_id}", type="tertiary", **closed()):
                with mistakes_shown():
                    permitted(store().restore)(run_id)
                    st.session_state[CHOSEN] = run_id
                    st.rerun()
        what = "it" if len(deleted) == 1 else f"all {len(deleted)}"
        if st.button(f"Remove {what} now", key="runs.empty", type="tertiary", **{"help": "Frees the disk; there is no way back."} | closed()):
            with mistakes_shown():
                permitted(store().purge)(older_than=0)
            st.rerun()


def _words(record: RunRecord) -> None:
    """Draw name, tags and notes for editing; each is kept as soon as it is left."""
    run_id, shut = record.run_id, closed()
    with st.popover("Notes", icon=":material/edit_note:", key="runs.words", help="Name, tags and notes."):
        st.text_input("Name", record.spec.name, key=f"runs.name.{run_id}", max_chars=200, on_change=_keep, args=(run_id, "name"), **shut)
        st.multiselect(
            "Tags",
            sorted({*record.spec.tags, *st.session_state.get(f"runs.tags.{run_id}", ())}),
            record.spec.tags,
            key=f"runs.tags.{run_id}",
            accept_new_options=True,
            max_selections=50,
            placeholder="Type a word and press Enter",
            on_change=_keep,
            args=(run_id, "tags"),
            **shut,
        )
        st.text_area("Notes", record.spec.notes, key=f"runs.notes.{run_id}", max_chars=4000, height=140, on_change=_keep, args=(run_id, "notes"), **shut)
        st.caption("Kept with the run as soon as you leave a field. None of it changes its numbers.")


def _keep(run_id: str, what: str) -> None:
    value = st.session_state[f"runs.{what}.{run_id}"]
    with mistakes_shown():
        permitted(store().annotate)(run_id, **{what: tuple(value) if what == "tags" else value})
