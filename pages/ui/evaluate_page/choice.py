"""The menus that choose the run to evaluate and the evaluation to show; both are kept in the
URL.
"""

import streamlit as st

from pages.ui.evaluate_page.curves import label_of
from pages.ui.shared.frame import quoted
from pages.ui.shared.session import store
from rft_core import RunRecord, format_epsilon, jobs
from rft_core import store as run_store

OFFERED = 500
RUN, CHOSEN, URL = "evaluate.run", "evaluate.evaluation", "evaluate.url"


def choose_run() -> RunRecord | None:
    """Let the visitor choose a measured run: by default that of the URL, else the last choice, else
    the newest; None if there is none.
    """
    rows = {
        row.run_id: row for row in store().summaries(limit=OFFERED).rows if row.clean is not None
    }
    if not rows:
        return None
    state, requested = (
        st.session_state,
        {name: st.query_params.get(name, "") for name in ("run", "evaluation")},
    )
    if requested != state.get(URL) and requested["run"]:
        if requested["run"] in rows:
            state[RUN], state[CHOSEN] = requested["run"], requested["evaluation"]
        else:
            st.warning(
                f"There is no measured run '{quoted(requested['run'])}' in this store.",
                icon=":material/help:",
            )
    if state.get(RUN) not in rows:
        state[RUN] = next(iter(rows))
    run_id = st.selectbox(
        "Run",
        list(rows),
        key=RUN,
        format_func=lambda run_id: _run_label(rows[run_id]),
        label_visibility="collapsed",
        on_change=_forget,
    )
    return store().get(run_id)


def _forget() -> None:
    st.session_state.pop(CHOSEN, None)


def _run_label(run: run_store.RunSummary) -> str:
    return (
        f"{run.name} · {run.dataset.rpartition('/')[2]} · {format_epsilon(run.epsilon, run.norm)} ·"
        f" {run.run_id[4:15]}"
    )


def choose_evaluation(
    kept: list[jobs.Evaluation],
) -> jobs.Evaluation | None:
    """Let the visitor choose the evaluation to show, and keep it in the URL; None if there is
    none.
    """
    by_id, state = {evaluation.evaluation_id: evaluation for evaluation in kept}, st.session_state
    if state.get(CHOSEN) not in by_id:
        if state.get(CHOSEN):
            st.warning(
                f"This run has no evaluation '{quoted(state[CHOSEN])}'; the newest is shown.",
                icon=":material/help:",
            )
        state.pop(CHOSEN, None)
    chosen = (
        st.selectbox(
            "Evaluation", list(by_id), key=CHOSEN, format_func=lambda name: label_of(by_id[name])
        )
        if by_id
        else None
    )
    view = {"run": state[RUN], "evaluation": chosen or ""}
    for name, value in view.items():
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value
        elif not value:
            st.query_params.pop(name, None)
    state[URL] = view
    return by_id.get(chosen) if chosen else None
