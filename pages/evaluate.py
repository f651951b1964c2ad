"""Evaluate: stronger attacks and honesty checks on the model of one run.

Each evaluation runs in its own process and is stored with the run.
"""

import streamlit as st

from pages.ui.evaluate_page.choice import choose_evaluation, choose_run
from pages.ui.evaluate_page.curves import is_readable, show_curves
from pages.ui.evaluate_page.evaluate_form import ask_form, picture_form
from pages.ui.evaluate_page.findings import show_chosen
from pages.ui.evaluate_page.making import show_failures, watch
from pages.ui.shared.frame import columns, open_page, plain, shown
from pages.ui.shared.relocate_form import relocate_form
from pages.ui.shared.session import reconciled, store
from pages.ui.shared.shifts import show_shifts
from rft_core import RunRecord, jobs, report, spec

POLL_SECONDS = 1.0


def main() -> None:
    open_page("Evaluate", __file__)
    reconciled()
    record = choose_run()
    if record is None:
        st.info(
            "No run has been measured yet. Launch one on Train, then evaluate its model here.",
            icon=":material/lightbulb:",
        )
        st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
        return
    stored = jobs.evaluations.list_evaluations(store(), record.run_id)
    found = [evaluation for evaluation in stored if is_readable(evaluation, record)]
    kept = [evaluation for evaluation in found if evaluation.status == "done"]
    left, right = columns(4, 8)
    with left:
        relocate_form(record, [spec.DATASET])
        ask_form(record, kept)
        with st.expander("Attack a picture of your own"):
            picture_form(record)
    with right:
        making = [evaluation.evaluation_id for evaluation in found if evaluation.status == "making"]
        st.fragment(run_every=POLL_SECONDS if making else None, key="evaluate.live")(watch)(
            record, making
        )
        show_failures(found)
        if damaged := len(stored) - len(found):
            st.warning(
                f"{damaged} of {len(stored)} evaluations of this run cannot be read and are left"
                " out. Evaluate again.",
                icon=":material/broken_image:",
            )
        chosen = choose_evaluation(kept)
        show_curves(record, kept, chosen)
    if chosen is None and making:
        st.caption("Honesty checks and single images appear here when the evaluation is done.")
    elif chosen is None:
        st.info(
            "Nothing has been evaluated yet. Choose an attack and press “Evaluate”: honesty"
            " checks and single images then appear here.",
            icon=":material/lightbulb:",
        )
    else:
        show_chosen(chosen)
    show_run(record)


def show_run(record: RunRecord) -> None:
    """Draw what does not depend on the chosen evaluation: which weights were trained, and accuracy
    on other images.
    """
    if parts := report.run.measured_report(record).get("parameter_map"):
        st.subheader("Which weights does the strategy train?", anchor=False)
        sentence = report.evaluation.describe_parts(parts)
        st.plotly_chart(
            shown(report.evaluation.parts_figure(parts, key=record.run_id)),
            key="evaluate.parts",
            config=dict(report.CONFIG),
            alt=f"Share of trained weights in each part: {sentence}",
        )
        st.caption(plain(f"{record.spec.strategy.kind}: {sentence}"))
    show_shifts(record)


main()
