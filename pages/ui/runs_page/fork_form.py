"""The form of a fork: another schedule for the rest of a run, drawn before it is launched."""

from typing import Any, cast

import streamlit as st

from pages.ui.runs_page.run_list import CHOSEN
from pages.ui.shared.frame import mistakes_shown, show_mistake, shown
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.session import store
from rft_core import (
    RunRecord,
    RunSpec,
    UserError,
    choices,
    cost,
    ensure_worker,
    find,
    report,
    with_settings,
)
from rft_core import spec as run_spec
from rft_core import store as run_store

NOTHING_LEFT = (
    "Fork: a finished run has nothing left to train. Fork a run while it is running or paused."
)
NO_CHECKPOINT = "Fork: possible after the first checkpoint, while there is training left."


def fork_form(record: RunRecord) -> str:
    """Draw the fork button with the form behind it; return why the run cannot be forked, "" if it
    can.
    """
    step = run_store.fork_step(store(), record)
    reason = (
        "" if step is not None else NOTHING_LEFT if record.status == "finished" else NO_CHECKPOINT
    )
    # each run has its own key, so that the menu of the new fork is closed when it is shown
    with st.popover(
        "Fork",
        icon=":material/call_split:",
        key=f"runs.fork.{record.run_id}",
        disabled=step is None,
    ):
        if step is not None:
            _form(record, step)
    return reason


def _form(record: RunRecord, step: int) -> None:
    st.markdown(f"**Another schedule from step {step} of {record.total_steps}**")
    st.caption(
        "The new run starts from this run's newest checkpoint and keeps its data, model and all"
        " other settings."
    )
    settings = _schedule(record)
    try:
        spec = with_settings(record.spec, settings)
    except UserError as error:
        show_mistake(error)
        return
    strip = report.run.epsilon_strip(
        *planned(spec, step, record),
        epsilon=spec.threat.epsilon,
        norm=spec.threat.norm,
        total_steps=record.total_steps,
        done=None,
        key="fork",
    )
    st.plotly_chart(
        shown(strip),
        key="runs.fork.strip",
        config=dict(report.CONFIG),
        alt=f"Epsilon until step {step}, and as planned for the fork after it",
    )
    name = st.text_input(
        "Name", f"{record.name} · fork"[:200], key=f"runs.fork.name.{record.run_id}", max_chars=200
    )
    if st.button(
        "Launch the fork",
        type="primary",
        icon=":material/call_split:",
        key="runs.fork.launch",
        **closed(),
    ):
        with mistakes_shown():
            st.session_state[CHOSEN] = permitted(run_store.fork)(
                store(), record.run_id, settings, name=name
            )
            permitted(ensure_worker)(store().home)
            st.rerun()


def planned(spec: RunSpec, step: int, parent: RunRecord) -> tuple[list[float], list[float]]:
    """Return (progress, factor) with the schedule of `parent` before `step` and that of
    `spec` from there on.
    """
    progress, after = cost.factors(spec)
    _, before = cost.factors(parent.spec)
    # a run with a checkpoint knows its number of steps
    border = step / cast(int, parent.total_steps)
    return progress, [
        old if position < border else new for position, old, new in zip(progress, before, after)
    ]


def _schedule(record: RunRecord) -> dict[str, Any]:
    """Draw the settings of the schedule; return those that the chosen kind has."""
    parent, run_id = record.spec, record.run_id
    has_accuracies = find("schedules", parent.schedule.kind).watches_validation
    rows = [row for row in choices("schedules") if has_accuracies or not row.watches_validation]
    labels = {row.name: row.label for row in rows}
    kind = st.selectbox(
        "Schedule",
        list(labels),
        format_func=lambda name: labels.get(name, name),
        key=f"runs.fork.kind.{run_id}",
        index=list(labels).index(parent.schedule.kind),
    )
    settings: dict[str, Any] = {"schedule.kind": kind}
    drawn = find("schedules", kind).settings
    if "schedule.ramp_start" in drawn:
        start = (100 * parent.schedule.ramp_start, 100 * parent.schedule.ramp_end)
        low, high = st.slider(
            "Ramp, % of the whole training",
            0.0,
            100.0,
            start,
            step=1.0,
            format="%g",
            key=f"runs.fork.ramp.{run_id}",
        )
        settings |= {
            "schedule.ramp_start": round(low / 100, 6),
            "schedule.ramp_end": round(high / 100, 6),
        }
    if "schedule.steps" in drawn:
        settings["schedule.steps"] = st.number_input(
            "Jumps",
            1,
            1000,
            parent.schedule.steps,
            key=f"runs.fork.steps.{run_id}",
            help=run_spec.describe("schedule.steps"),
        )
    return settings
