"""What can be done with a run: pause, stop, resume, duplicate, fork, delete with undo, and edit its
name, tags and notes.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import streamlit as st

from pages.ui.runs_page.bundle_form import bundle_form
from pages.ui.runs_page.fork_form import fork_form
from pages.ui.runs_page.run_list import CHOSEN
from pages.ui.shared.frame import mistakes_shown
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.session import store
from pages.ui.train_form import prefill
from rft_core import RunRecord, ensure_worker
from rft_core import store as run_store

SHOWN_DELETED, SHOWN_NAME = 3, 40
ICONS = MappingProxyType(
    {
        "stop": ":material/stop:",
        "pause": ":material/pause:",
        "resume": ":material/play_arrow:",
        "duplicate": ":material/content_copy:",
        "evaluate": ":material/troubleshoot:",
        "delete": ":material/delete:",
    }
)
STOP_HELP = "Finishes the step, measures on the test images, and keeps the model with its report."
PAUSE_HELP = "Saves a checkpoint and frees the device."
NOT_AHEAD = "Only a queued or running run can be stopped or paused."
RESUME_HELP = "Continues from the last checkpoint."
NOT_RESUMABLE = f"Only a {run_store.status.resumable_words()} run can be resumed."
DUPLICATE = "Opens Train with all settings of this run, ready to change."
EVALUATE = "Stronger attacks, honesty checks, single images."
NOT_MEASURED = "A run can be evaluated once it has a report: finished, or stopped and kept."
DELETE = (
    f"Hides the run now and deletes it with its files after"
    f" {run_store.UNDO_SECONDS / 60:.0f} minutes. Until then you can undo it."
)
NOT_IDLE = "An active run cannot be deleted; stop or pause it first."


def show_actions(record: RunRecord) -> None:
    """Draw every button, disabled where the status of the run does not allow it: no button may move
    under a pointer when the status changes.
    """
    act, run_id = store(), record.run_id
    status = run_store.status
    can_stop, can_pause, can_resume, can_discard = (
        status.is_offered(record.status, event)
        for event in (status.STOP, status.PAUSE, status.RESUME, status.DISCARD)
    )
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        _button(
            "Stop and keep",
            "stop",
            lambda: permitted(act.request)(run_id, "stop"),
            STOP_HELP if can_stop else NOT_AHEAD,
            can_stop,
        )
        _button(
            "Pause",
            "pause",
            lambda: permitted(act.request)(run_id, "pause"),
            PAUSE_HELP if can_pause else NOT_AHEAD,
            can_pause,
        )
        _button(
            "Resume",
            "resume",
            lambda: _resume(run_id),
            RESUME_HELP if can_resume else NOT_RESUMABLE,
            can_resume,
        )
        if st.button("Duplicate", icon=ICONS["duplicate"], key="runs.duplicate", help=DUPLICATE):
            prefill.forget()
            st.switch_page("pages/train.py", query_params={"from": run_id})
        is_measured = bool(record.report)
        if st.button(
            "Evaluate",
            icon=ICONS["evaluate"],
            key="runs.evaluate",
            disabled=not is_measured,
            help=EVALUATE if is_measured else NOT_MEASURED,
        ):
            st.switch_page("pages/evaluate.py", query_params={"run": run_id})
        reason = fork_form(record)
        _words(record)
        bundle_form(record)
        _button(
            "Delete",
            "delete",
            lambda: _discard(run_id),
            DELETE if can_discard else NOT_IDLE,
            can_discard,
        )
    if reason:
        st.caption(reason, text_alignment="right")


def _button(
    label: str, name: str, action: Callable[[], object], help_text: str, is_allowed: bool
) -> None:
    options: dict[str, Any] = {"help": help_text, "disabled": not is_allowed} | closed()
    if st.button(label, icon=ICONS[name], key=f"runs.{name}", **options):
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
    """Offer to restore the runs deleted last."""
    deleted = store().discarded()
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for run_id, name, _ in deleted[:SHOWN_DELETED]:
            st.text(
                f"{name if len(name) <= SHOWN_NAME else f'{name[:SHOWN_NAME]} …'} was deleted.",
                width="content",
            )
            if st.button(
                "Undo",
                icon=":material/undo:",
                key=f"runs.undo.{run_id}",
                type="tertiary",
                **closed(),
            ):
                with mistakes_shown():
                    permitted(store().restore)(run_id)
                    st.session_state[CHOSEN] = run_id
                    st.rerun()
        which = "it" if len(deleted) == 1 else f"all {len(deleted)}"
        if st.button(
            f"Remove {which} now",
            key="runs.empty",
            type="tertiary",
            **{"help": "Frees disk space. This cannot be undone."} | closed(),
        ):
            with mistakes_shown():
                permitted(store().purge)(older_than=0)
            st.rerun()


def _words(record: RunRecord) -> None:
    """Draw name, tags and notes for editing; each is saved as soon as the field loses focus."""
    run_id, shut = record.run_id, closed()
    with st.popover(
        "Notes", icon=":material/edit_note:", key="runs.words", help="Name, tags and notes."
    ):
        st.text_input(
            "Name",
            record.spec.name,
            key=f"runs.name.{run_id}",
            max_chars=200,
            on_change=_keep,
            args=(run_id, "name"),
            **shut,
        )
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
        st.text_area(
            "Notes",
            record.spec.notes,
            key=f"runs.notes.{run_id}",
            max_chars=4000,
            height=140,
            on_change=_keep,
            args=(run_id, "notes"),
            **shut,
        )
        st.caption("Saved as soon as you leave a field. The numbers of the run never change.")


def _keep(run_id: str, field: str) -> None:
    value = st.session_state[f"runs.{field}.{run_id}"]
    with mistakes_shown():
        permitted(store().annotate)(run_id, **{field: tuple(value) if field == "tags" else value})
