"""The menus of Compare: runs, axis, groups, baseline and panels.

Every choice is kept in the URL, so a link or a refresh restores it.
"""

import streamlit as st

from pages.ui.shared.frame import quoted
from pages.ui.shared.session import store
from rft_core import RunRecord, format_epsilon, report
from rft_core import store as run_store

MOST_RUNS = 20
OFFERED = 500
DEFAULTS = (
    ("runs", ""),
    ("x", "step"),
    ("group", ""),
    ("band", "deviation"),
    ("base", ""),
    ("show", "clean,robust"),
)
BAND_LABELS = {"deviation": "± standard deviation", "interval": "95 % interval"}


def choose_runs() -> list[RunRecord]:
    """Let the visitor choose runs; by default those of the URL, else the newest measured runs."""
    summaries = {summary.run_id: summary for summary in store().summaries(limit=OFFERED).rows}
    _adopt_url(summaries)
    st.session_state["compare.runs"] = [
        run_id for run_id in st.session_state["compare.runs"] if run_id in summaries
    ]
    chosen = st.multiselect(
        "Runs",
        list(summaries),
        format_func=lambda run_id: _label(summaries[run_id]),
        key="compare.runs",
        max_selections=MOST_RUNS,
        placeholder="Choose runs by name",
        label_visibility="collapsed",
    )
    return [store().get(run_id) for run_id in chosen]


def choose_view(records: list[RunRecord]) -> report.comparison.View:
    """Let the visitor choose axis, groups, baseline and panels, and keep all of it in the URL."""
    groups, ids = (
        ["", *report.comparison.grouping_choices(records)],
        [record.run_id for record in records],
    )
    labels = dict(zip(ids, report.comparison.run_labels(records)))
    _keep_possible("compare.group", groups, "")
    _keep_possible("compare.base", ids, ids[0])
    cells = st.columns([5, 6, 5, 6, 8], vertical_alignment="bottom")
    axis = cells[0].selectbox(
        "Over",
        list(report.comparison.AXES),
        format_func=lambda name: report.comparison.AXES.get(name, name),
        key="compare.x",
    )
    group = cells[1].selectbox(
        "Group by",
        groups,
        format_func=_group_label,
        key="compare.group",
        help="Each group is one line: the mean of its runs, with a band.",
    )
    band = cells[2].selectbox(
        "Band",
        list(report.comparison.BANDS),
        format_func=lambda name: BAND_LABELS.get(name, name),
        key="compare.band",
        disabled=not group,
        help="What the band around the mean of a group shows.",
    )
    base = cells[3].selectbox(
        "Baseline",
        ids,
        format_func=lambda run_id: labels.get(run_id, run_id),
        key="compare.base",
        help="Differences are run minus baseline.",
    )
    with cells[4]:
        chosen = st.pills(
            "Accuracy",
            list(report.comparison.PANELS),
            selection_mode="multi",
            format_func=str.capitalize,
            key="compare.show",
        )
    panels = tuple(name for name in report.comparison.PANELS if name in chosen) or tuple(
        report.comparison.PANELS
    )
    _write_url(runs=",".join(ids), x=axis, group=group, band=band, base=base, show=",".join(panels))
    return report.comparison.View(axis=axis, group=group, band=band, baseline=base, panels=panels)


def _label(run: run_store.RunSummary) -> str:
    return (
        f"{run.name} · {format_epsilon(run.epsilon, run.norm)} · seed {run.seed} ·"
        f" {run.run_id[4:15]}"
    )


def _group_label(name: str) -> str:
    return {
        "": "Nothing: one line per run",
        report.comparison.SEEDS: "Same settings except the seed",
    }.get(name, name)


def _adopt_url(summaries: dict[str, run_store.RunSummary]) -> None:
    """Take over the view of the URL unless this session wrote it: after a link, a refresh or the
    back button.
    """
    remembered = st.session_state.get("compare.url", {})
    requested = {
        name: st.query_params[name] for name, _ in DEFAULTS if name in st.query_params
    } or remembered
    if requested == remembered and "compare.runs" in st.session_state:
        return
    view = dict(DEFAULTS) | requested
    wanted = list(dict.fromkeys(run_id for run_id in view["runs"].split(",") if run_id))
    newest = [run_id for run_id, run in summaries.items() if run.clean is not None][:3]
    st.session_state["compare.runs"] = [run_id for run_id in wanted if run_id in summaries][
        :MOST_RUNS
    ] or newest[::-1]
    st.session_state["compare.x"] = view["x"] if view["x"] in report.comparison.AXES else "step"
    st.session_state["compare.group"] = view["group"]
    st.session_state["compare.band"] = (
        view["band"] if view["band"] in report.comparison.BANDS else "deviation"
    )
    st.session_state["compare.base"] = view["base"]
    st.session_state["compare.show"] = [
        name for name in report.comparison.PANELS if name in view["show"].split(",")
    ] or ["clean", "robust"]
    _warn_of_what_is_left_out(view, wanted, summaries)


def _warn_of_what_is_left_out(
    view: dict[str, str], wanted: list[str], summaries: dict[str, run_store.RunSummary]
) -> None:
    unknown = [run_id for run_id in wanted if run_id not in summaries]
    if unknown:
        st.warning(f"Not in this store: {quoted(', '.join(unknown))}.", icon=":material/help:")
    if len(wanted) - len(unknown) > MOST_RUNS:
        st.warning(
            f"The link names {len(wanted) - len(unknown)} runs; the first {MOST_RUNS} are shown.",
            icon=":material/help:",
        )
    if view["x"] not in report.comparison.AXES:
        st.warning(
            f"There is no axis '{quoted(view['x'])}'; the runs are drawn over their steps.",
            icon=":material/help:",
        )


def _keep_possible(key: str, options: list[str], default: str) -> None:
    """Replace a choice that the runs no longer offer with `default`."""
    if st.session_state.get(key) not in options:
        if key == "compare.group" and st.session_state.get(key):
            st.warning(
                f"These runs do not differ in '{quoted(st.session_state[key])}', so they are not"
                " grouped.",
                icon=":material/help:",
            )
        st.session_state[key] = default


def _write_url(**view: str) -> None:
    query = {
        name: view[name]
        for name, default in DEFAULTS
        if view[name] != default and not (name == "base" and view["runs"].startswith(view[name]))
    }
    for name, _ in DEFAULTS:
        if name in st.query_params and name not in query:
            del st.query_params[name]
    for name, value in query.items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value
    st.session_state["compare.url"] = query
