"""Compare: saved runs side by side, alone or in groups, against a baseline.

The view lives in the URL.
"""

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from pages.ui.compare_page.compare_form import choose_runs, choose_view
from pages.ui.shared.frame import columns, open_page, plain, shown
from pages.ui.shared.lesson import lesson
from pages.ui.shared.session import measured, reconciled, store
from rft_core import RunRecord, UserError, report

LIVE_SECONDS = 3.0
SENTENCES_SHOWN = 3
EXPORTS = (
    (
        "html",
        "Report",
        "html",
        "text/html",
        (
            "One HTML file with all figures, tables and the commands to run each again; opens"
            " without a network."
        ),
    ),
    (
        "csv",
        "CSV",
        "zip",
        "application/zip",
        "Runs, settings, curves, tracked evaluations and differences as tidy tables.",
    ),
    ("parquet", "Parquet", "zip", "application/zip", "The same tables, with types."),
    ("json", "JSON", "json", "application/json", "Everything as one document."),
)


def main() -> None:
    open_page("Compare runs", __file__)
    reconciled()
    records = choose_runs()
    if len(records) < 2:
        st.info(
            "Choose two or more runs. The three of the trio make the first comparison worth"
            " seeing.",
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
    """Draw the comparison; called again every few seconds while one of its runs is under way."""
    try:
        records = [store().get(run_id) for run_id in run_ids]
    except UserError:
        # one of them was deleted in the meantime; the choice of runs drops it
        st.rerun()
    if live and not any(record.is_active for record in records):
        st.rerun()
    histories = measured(run_ids)
    for record, past in zip(records, histories):
        if past.fault:
            st.warning(plain(f"{record.name}: {past.fault}"), icon=":material/broken_image:")
    content, figures = drawn(
        _told_by(records), tuple(past.last_sequence for past in histories), view, records, histories
    )
    for warning in content.comparison.warnings:
        st.warning(plain(warning), icon=":material/balance:")
    show_figures(content, figures)
    # the figures are on the screen while twenty runs are paired
    content = report.comparison.with_pairs(content, _pairs(_state(records), view.baseline))
    show_numbers(content)
    show_differences(content)
    left, right = columns(6, 6)
    with left:
        show_tradeoff(content, figures[2])
    with right:
        show_settings(content)
        if not lesson().is_projected:
            show_exports(content)


def _told_by(records: list[RunRecord]) -> tuple[tuple, ...]:
    """Return what a comparison says of these runs themselves, apart from their events."""
    return tuple(
        (record.run_id, record.number, record.status, record.ended, record.spec.to_json())
        for record in records
    )


# assembled and built once for all visitors and refreshes, until the store has
# news of one of the runs
@st.cache_resource(max_entries=32, show_spinner=False)
def drawn(
    told: tuple[tuple, ...],
    sequences: tuple[int, ...],
    view: report.comparison.View,
    _records: list[RunRecord],
    _histories: list[report.run.RunHistory],
) -> tuple[report.comparison.Content, tuple[go.Figure, go.Figure, go.Figure]]:
    """Return the comparison, without its pairs, and its figures: accuracy while training,
    robustness curves, the Pareto plane.
    """
    content = report.comparison.assemble(_records, _histories, view)
    runs = ",".join(record.run_id for record in _records)
    key = f"{runs} {view.axis} {view.group}"
    tracking = report.comparison.accuracy_panels(
        content.lines, view.panels, view.axis, key=f"{key} {view.panels}"
    )
    curves = report.comparison.curves_figure(
        content.lines, key=key, height=report.comparison.panels_height(view.panels)
    )
    return content, (
        tracking,
        curves,
        report.comparison.pareto_figure(
            content.lines, target=content.target, key=f"{runs} {view.group}"
        ),
    )


def _state(records: list[RunRecord]) -> tuple[tuple[str, float | None], ...]:
    """Return what a cached result about these runs depends on."""
    return tuple((record.run_id, record.ended if record.report else None) for record in records)


@st.cache_data(max_entries=64, show_spinner=False)
def _pairs(
    state: tuple[tuple[str, float | None], ...], baseline: str | None
) -> list[report.comparison.Pair]:
    return report.comparison.pair_runs(
        [store().get(run_id) for run_id, _ in state], store().home.runs, baseline
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _areas(
    state: tuple, group: str, sequences: tuple[int, ...], _content: report.comparison.Content
) -> list[dict]:
    return report.comparison.pareto_rows(_content, store().home.runs)


def show_figures(content: report.comparison.Content, figures: tuple[go.Figure, ...]) -> None:
    """Draw accuracy while training, and the robustness curves beside it."""
    left, right = columns(6, 6)
    with left:
        st.subheader("Which run learns its task, and when?", anchor=False)
        said = report.comparison.describe_tracking(content)
        st.plotly_chart(
            shown(figures[0]), key="compare.accuracy", config=_config("accuracy"), alt=said
        )
        st.caption(plain(said))
    with right:
        st.subheader("How robust is each, at every epsilon?", anchor=False)
        said = report.comparison.describe_curves(content)
        st.plotly_chart(shown(figures[1]), key="compare.curves", config=_config("curves"), alt=said)
        st.caption(plain(said))


def _config(name: str) -> dict:
    """Return the figure's settings: its camera button saves what was chosen,
    PNG at twice the size.
    """
    form = st.session_state.get("compare.image") or "svg"
    return dict(report.CONFIG) | {
        "toImageButtonOptions": {
            "format": form,
            "scale": 2 if form == "png" else 1,
            "filename": f"rft-lab-{name}",
        }
    }


def show_numbers(content: report.comparison.Content) -> None:
    """List the numbers of each run, and of each group."""
    if content.is_grouped:
        st.subheader("Over the runs of each group", anchor=False)
        st.dataframe(report.comparison.group_table(content), hide_index=True, height="content")
        st.caption(
            "Mean ± standard deviation; in brackets the 95 % interval of the mean (Student's t)."
            " Differences are over the seeds that both groups share."
        )
    st.subheader("Numbers", anchor=False)
    st.dataframe(report.comparison.number_rows(content), hide_index=True, height="content")


def show_differences(content: report.comparison.Content) -> None:
    """Say for each run how it differs from the baseline, and whether that could be luck."""
    if not content.pairs:
        st.caption(
            "Differences need a baseline and another run that were both measured on their test"
            " images."
        )
        return
    st.subheader(f"Against {plain(content.pairs[0].baseline_name)}, in points", anchor=False)
    st.dataframe(report.comparison.difference_rows(content), hide_index=True, height="content")
    sentences = report.comparison.describe_pairs(content)
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences[:SENTENCES_SHOWN]))
    if len(sentences) > SENTENCES_SHOWN:
        with st.expander("Every difference in words"):
            st.markdown(
                "\n".join(f"- {plain(sentence)}" for sentence in sentences[SENTENCES_SHOWN:])
            )
    if told := _told(content):
        st.caption(told)


def _told(content: report.comparison.Content) -> str:
    """Say what the differences are; nothing where there is none."""
    if all(pair.difference is None for pair in content.pairs):
        return ""
    paired = (
        "Image by image: both on the same test images, so intervals are narrow. "
        if any(pair.is_paired for pair in content.pairs)
        else ""
    )
    return (
        f"Run minus baseline, in brackets the 95 % interval. {paired}None says anything about other"
        " seeds."
    )


def show_tradeoff(content: report.comparison.Content, plane: go.Figure) -> None:
    """Draw the Pareto plane and the areas below the frontiers."""
    st.subheader("What does robustness cost in clean accuracy?", anchor=False)
    areas = _areas(
        _state(list(content.records)),
        content.view.group,
        tuple(history.last_sequence for history in content.histories),
        content,
    )
    said = report.comparison.describe_pareto(content, areas)
    st.plotly_chart(shown(plane), key="compare.pareto", config=_config("pareto"), alt=said)
    st.caption(plain(said))
    st.dataframe(report.comparison.area_table(areas), hide_index=True, height="content")
    st.caption(
        "Areas in percent of the unit square; in brackets the 95 % interval over the test images."
    )


def show_settings(content: report.comparison.Content) -> None:
    """List only the settings that differ."""
    st.subheader("Settings that differ", anchor=False)
    if content.comparison.settings:
        st.dataframe(report.comparison.differing_rows(content), hide_index=True, height="content")
    else:
        st.caption("None: these runs have the same settings.")


def show_exports(content: report.comparison.Content) -> None:
    """Offer the comparison as files, made when they are asked for."""
    st.subheader("Take it with you", anchor=False)
    with st.container(horizontal=True):
        for form, label, ending, mime, told in EXPORTS:
            make = partial(_export, content, form)
            name = f"{report.files.FILE_NAME}.{ending}"
            st.download_button(
                label,
                make,
                name,
                mime,
                key=f"compare.export.{form}",
                help=told,
                on_click="ignore",
                icon=":material/download:",
            )
    st.segmented_control(
        "Images of the figures (their camera button)",
        ["svg", "png"],
        default="svg",
        key="compare.image",
        format_func=str.upper,
        required=True,
    )
    st.caption("The address of this page shows the same view to anyone who can reach this store.")


def _export(content: report.comparison.Content, form: str) -> bytes:
    return report.files.one_file(report.files.file_contents(content, form, store().home.runs))


main()
