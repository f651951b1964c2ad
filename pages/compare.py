"""Compare: saved runs side by side, alone or in groups, against a baseline.

The view lives in the URL.
"""

import plotly.graph_objects as go
import streamlit as st

from pages.ui.compare_page.compare_form import choose_runs, choose_view
from pages.ui.compare_page.drawn import areas_of, drawn, facts_of, pairs_of, state_of
from pages.ui.compare_page.exports import show_exports
from pages.ui.compare_page.tables import show_differences, show_numbers, show_settings
from pages.ui.shared.frame import columns, open_page, plain, shown
from pages.ui.shared.lesson import lesson
from pages.ui.shared.session import measured, reconciled, store
from rft_core import UserError, report

LIVE_SECONDS = 3.0


def main() -> None:
    open_page("Compare runs", __file__)
    reconciled()
    records = choose_runs()
    if len(records) < 2:
        st.info(
            "Choose two or more runs. The trio (standard, fixed, scheduled) is a good first"
            " comparison.",
            icon=":material/lightbulb:",
        )
        st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
        return
    view = choose_view(records)
    live = any(record.is_active for record in records)
    st.fragment(run_every=LIVE_SECONDS if live else None, key="compare.live")(show)(
        [record.run_id for record in records], view, live
    )


def show(run_ids: list[str], view: report.comparison.View, live: bool) -> None:
    """Draw the comparison; called again every few seconds while one of its runs is active."""
    try:
        records = [store().get(run_id) for run_id in run_ids]
    except UserError:
        # one of them was deleted in the meantime; the menu drops it on the rerun
        st.rerun()
    if live and not any(record.is_active for record in records):
        st.rerun()
    histories = measured(run_ids)
    for record, past in zip(records, histories):
        if past.fault:
            st.warning(plain(f"{record.name}: {past.fault}"), icon=":material/broken_image:")
    content, figures = drawn(
        facts_of(records), tuple(past.last_sequence for past in histories), view, records, histories
    )
    for warning in content.comparison.warnings:
        st.warning(plain(warning), icon=":material/balance:")
    show_figures(content, figures)
    # the figures are already drawn while twenty runs are being paired
    content = report.comparison.with_pairs(content, pairs_of(state_of(records), view.baseline))
    show_numbers(content)
    show_differences(content)
    left, right = columns(6, 6)
    with left:
        show_tradeoff(content, figures[2])
    with right:
        show_settings(content)
        if not lesson().is_projected:
            show_exports(content)


def show_figures(content: report.comparison.Content, figures: tuple[go.Figure, ...]) -> None:
    """Draw accuracy while training, and the robustness curves beside it."""
    left, right = columns(6, 6)
    with left:
        st.subheader("Which run learns its task, and when?", anchor=False)
        sentence = report.comparison.describe_tracking(content)
        st.plotly_chart(
            shown(figures[0]), key="compare.accuracy", config=_config("accuracy"), alt=sentence
        )
        st.caption(plain(sentence))
    with right:
        st.subheader("How robust is each run at every epsilon?", anchor=False)
        sentence = report.comparison.describe_curves(content)
        st.plotly_chart(
            shown(figures[1]), key="compare.curves", config=_config("curves"), alt=sentence
        )
        st.caption(plain(sentence))


def _config(name: str) -> dict:
    """Return the settings of a figure: its camera button saves the chosen format, PNG at twice the
    size.
    """
    form = st.session_state.get("compare.image") or "svg"
    return dict(report.CONFIG) | {
        "toImageButtonOptions": {
            "format": form,
            "scale": 2 if form == "png" else 1,
            "filename": f"rft-lab-{name}",
        }
    }


def show_tradeoff(content: report.comparison.Content, plane: go.Figure) -> None:
    """Draw the Pareto plane and the areas below the frontiers."""
    st.subheader("What does robustness cost in clean accuracy?", anchor=False)
    areas = areas_of(
        state_of(list(content.records)),
        content.view.group,
        tuple(history.last_sequence for history in content.histories),
        content,
    )
    sentence = report.comparison.describe_pareto(content, areas)
    st.plotly_chart(shown(plane), key="compare.pareto", config=_config("pareto"), alt=sentence)
    st.caption(plain(sentence))
    st.dataframe(report.comparison.area_table(areas), hide_index=True, height="content")
    st.caption(
        "Areas in percent of the unit square, with 95 % intervals over the test images in brackets."
    )


main()
