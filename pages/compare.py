"""Compare: saved runs side by side. The selection lives in the URL."""

import streamlit as st

from pages.ui.frame import columns, open_page
from pages.ui.session import history, reconciled, store
from rft_core.metrics.curve import RobustnessCurve
from rft_core.report.compare import Comparison, compare
from rft_core.report.figures import CONFIG, Line, compare_accuracy, compare_curves, run_style
from rft_core.report.sentences import describe_pair
from rft_core.store.run_store import RunRecord
from rft_core.units import format_duration, format_epsilon, format_percent

MOST_RUNS = 20
OFFERED = 500
PLACES = {"clean": "clean images", "robust": "the target epsilon", "expected": "expected robustness"}
SHIFTS = {"domain_mean": "Other domains", "corruption_mean": "Corruptions"}


def main() -> None:
    open_page("Compare runs", __file__)
    reconciled()
    records = choose_runs()
    if len(records) < 2:
        st.info("Choose two or more runs. The three of the trio make the first comparison worth seeing.", icon=":material/lightbulb:")
        st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
        return
    lines = [as_line(record) for record in records]
    result = compare(records, store().home.runs)
    for warning in result.warnings:
        st.warning(warning, icon=":material/balance:")
    show_figures(records, lines)
    show_table(records, result)
    show_pairs(result)
    show_settings(result)


def choose_runs() -> list[RunRecord]:
    """Let the visitor choose runs; by default those of the URL, else the newest finished ones."""
    known = {record.run_id: record for record in store().records(limit=OFFERED)}
    if "compare.runs" not in st.session_state:
        wanted = [one for one in st.query_params.get("runs", "").split(",") if one]
        unknown = [one for one in wanted if one not in known]
        if unknown:
            st.warning(f"Not in this store: {', '.join(unknown)}.", icon=":material/help:")
        newest = [run_id for run_id, record in known.items() if record.report][:3]
        st.session_state["compare.runs"] = [one for one in wanted if one in known] or newest[::-1]
    st.session_state["compare.runs"] = [one for one in st.session_state["compare.runs"] if one in known]
    chosen = st.multiselect(
        "Runs",
        list(known),
        format_func=lambda run_id: _label(known[run_id]),
        key="compare.runs",
        max_selections=MOST_RUNS,
        placeholder="Choose runs by name",
        label_visibility="collapsed",
    )
    st.query_params["runs"] = ",".join(chosen)
    return [known[run_id] for run_id in chosen]


def _label(record: RunRecord) -> str:
    return f"{record.name} · {format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)} · seed {record.spec.seed} · {record.run_id[4:15]}"


def as_line(record: RunRecord) -> Line:
    """Return a run as the charts want it, in its own colour and dash."""
    colour, dash = run_style(record.number)
    curve = RobustnessCurve.from_points(record.report["curve"]) if record.report else None
    return Line(record.name, colour, dash, history(record.run_id), curve, record.spec.threat.norm)


def show_figures(records: list[RunRecord], lines: list[Line]) -> None:
    """Draw accuracy over steps and the robustness curves."""
    key = ",".join(record.run_id for record in records)
    left, right = columns(6, 6)
    with left:
        st.subheader("Which run learns its task, and when?", anchor=False)
        which = st.segmented_control(
            "Accuracy",
            ["clean", "robust", "expected"],
            default="clean",
            key="compare.which",
            required=True,
            label_visibility="collapsed",
            format_func={"clean": "Clean", "robust": "Robust, at the target", "expected": "Expected robustness"}.get,
        )
        figure = compare_accuracy(lines, which, key=key + which)
        st.plotly_chart(figure, key="compare.accuracy", config=dict(CONFIG), alt=f"{which} accuracy over steps of {', '.join(line.label for line in lines)}")
        st.caption(
            "On validation images, while training. A dotted vertical line marks where a run adapts to its task."
            if which == "clean"
            else "On validation images, while training."
        )
    with right:
        st.subheader("How robust is each, at every epsilon?", anchor=False)
        st.caption("The area under a curve is its expected robustness. Whiskers: 95 % intervals.")
        st.plotly_chart(compare_curves(lines, key=key), key="compare.curves", config=dict(CONFIG), alt="Accuracy over epsilon for each run")
        finished = [record for record in records if record.report]
        if len(finished) >= 2:
            best, other = sorted(finished, key=lambda record: -record.report["expected_robustness"])[:2]
            st.caption(describe_pair(best, other))


def show_table(records: list[RunRecord], result: Comparison) -> None:
    """List the numbers of each run."""
    st.subheader("Numbers", anchor=False)
    rows = []
    for record, row in zip(records, result.rows):
        rows.append(
            {
                "Run": row["name"],
                "Status": row["status"],
                "Clean": _with_interval(record, 0),
                "Robust at target": _with_interval(record, -1),
                "Expected robustness": format_percent(row["expected_robustness"]),
                **{label: format_percent(row[name]) for name, label in SHIFTS.items() if any(one[name] is not None for one in result.rows)},
                "Adapts at": "–"
                if not record.report
                else "never"
                if row["onset_step"] is None
                else f"step {row['onset_step']:,} (epoch {row['onset_epoch']:.1f})",
                "Lost against standard": _lost(row),
                "Gradient evaluations": f"{row['gradient_evaluations'] / 1000:,.0f} k" if row["gradient_evaluations"] else "–",
                "Time": format_duration(row["seconds"]) if row["seconds"] else "–",
                "Test images": row["n"],
            }
        )
    st.dataframe(rows, hide_index=True, height="content")


def _lost(row: dict) -> str:
    """Say how much clean accuracy a run lost against the standard run of this comparison, and what that is called."""
    if row["transfer_gap"] is None:
        return "–"
    name = "transfer failure" if row["transfer_failure"] else "suboptimal transfer" if row["suboptimal_transfer"] else ""
    return f"{100 * row['transfer_gap']:.1f} points" + (f", {name}" if name else "")


def _with_interval(record: RunRecord, place: int) -> str:
    if not record.report:
        return "–"
    point = record.report["curve"][place]
    return f"{format_percent(point['accuracy'])}  ({100 * point['low']:.1f} to {100 * point['high']:.1f})"


def show_pairs(result: Comparison) -> None:
    """Say for each run how it differs from the first (run minus first), image by image, and whether that could be luck."""
    if not result.paired:
        return
    st.subheader(f"Compared with {result.paired[0]['first_name']}, image by image", anchor=False)
    rows = [
        {
            "Run": row["second_name"],
            "At": PLACES[row["metric"]],
            "Difference": f"{-100 * row['difference']:+.1f} points",
            "95 % interval": f"{-100 * row['high']:+.1f} to {-100 * row['low']:+.1f}",
            "McNemar p": "–" if row["p_value"] is None else f"{row['p_value']:.3f}" if row["p_value"] >= 0.001 else "< 0.001",
            "More than luck": "yes" if row["is_significant"] else "no",
            "Images": row["n"],
        }
        for row in result.paired
    ]
    st.dataframe(rows, hide_index=True, height="content")
    st.caption("The same test images under both runs, so the intervals are narrower than those of two separate accuracies. They say nothing about other seeds.")


def show_settings(result: Comparison) -> None:
    """List only the settings that differ."""
    st.subheader("Settings that differ", anchor=False)
    if not result.settings:
        st.caption("None: these runs have the same settings.")
        return
    names = [row["name"] for row in result.rows]
    unique = [name if names.count(name) == 1 else f"{name} ({place + 1})" for place, name in enumerate(names)]
    st.dataframe([{"Setting": setting} | dict(zip(unique, map(_value, values))) for setting, values in result.settings.items()], hide_index=True)


def _value(value: object) -> str:
    return "–" if value is None else str(value)


main()
