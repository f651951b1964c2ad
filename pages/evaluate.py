"""Evaluate: one run's model under a closer look.

What is asked for is made by a process of its own, and kept with the run.
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
            "No run has been measured yet. Launch one on Train; when it is finished, its model can"
            " be looked at here.",
            icon=":material/lightbulb:",
        )
        st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
        return
    stored = jobs.evaluations.list_evaluations(store(), record.run_id)
    found = [one for one in stored if is_readable(one, record)]
    kept = [one for one in found if one.status == "done"]
    left, right = columns(4, 8)
    with left:
        relocate_form(record, [spec.DATASET])
        ask_form(record, kept)
        with st.expander("Attack a picture of your own"):
            picture_form(record)
    with right:
        making = [one.evaluation_id for one in found if one.status == "making"]
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
            "Nothing was evaluated yet: choose an attack and evaluate. Honesty checks and single"
            " images appear here.",
            icon=":material/lightbulb:",
        )
    else:
        show_chosen(chosen)
    show_run(record)


def show_run(record: RunRecord) -> None:
    """Draw what belongs to the run whatever attack is chosen: where it was trained, and how it
    does on other images.
    """
    if parts := record.report.get("parameter_map"):
        st.subheader("Which weights does the strategy train?", anchor=False)
        said = report.evaluation.describe_parts(parts)
        st.plotly_chart(
            shown(report.evaluation.parts_figure(parts, key=record.run_id)),
            key="evaluate.parts",
            config=dict(report.CONFIG),
            alt=f"Share of trained weights in each part: {said}",
        )
        st.caption(plain(f"{record.spec.strategy.kind}: {said}"))
    show_shifts(record)


main()
