"""Runs: the queue and the history; one run watched live or looked back at."""

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from pages.ui.runs_page.bundle_form import bundle_form, show_imported
from pages.ui.runs_page.followed_images import show_examples
from pages.ui.runs_page.run_actions import show_actions, show_deleted
from pages.ui.runs_page.run_choice import chosen_run, show_outside
from pages.ui.runs_page.run_list import choose_wanted, show_list, swatch
from pages.ui.shared.frame import columns, open_page, plain, show_mistake, shown
from pages.ui.shared.lesson import lesson
from pages.ui.shared.relocate_form import relocate_form
from pages.ui.shared.run_status import show_chip, show_status
from pages.ui.shared.session import history, reconciled, store
from pages.ui.shared.shifts import show_shifts
from rft_core import UserError
from rft_core.cost.schedule_demand import factors
from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.report.run.figures import CONFIG, accuracy_figure, epsilon_strip, robustness_figure
from rft_core.report.run.history import RunHistory, measured_at
from rft_core.report.run.sentences import describe_run
from rft_core.spec.run_spec import flatten
from rft_core.store.records import RunRecord
from rft_core.units import format_epsilon

# the status of a run at work is read every second; its figures, dearer, every other one
STATUS_SECONDS, FIGURE_SECONDS = 1.0, 2.0
NEWEST = "newest"
PLANNED_POINTS = 100
SHOWN_NOTES = 300
LOG_CHARACTERS = 4000


def main() -> None:
    open_page("Runs", __file__)
    reconciled()
    show_deleted()
    show_imported()
    if not store().summaries(limit=1).rows:
        st.info(
            "No runs yet. On Train, launch the trio: standard, fixed and scheduled, about 2"
            " minutes.",
            icon=":material/lightbulb:",
        )
        st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
        bundle_form(None)
        return
    wanted, offset = choose_wanted()
    record, is_found = chosen_run(wanted)
    st.fragment(run_every=FIGURE_SECONDS if store().is_busy else None, key="runs.list")(show_list)(
        wanted, offset
    )
    if record is None:
        return
    if not is_found:
        show_outside(record)
    moves = record.is_active or record.status == "queued"
    left, right = columns(5, 7)
    with left:
        st.fragment(run_every=STATUS_SECONDS if moves else None, key="runs.status")(watch_status)(
            record.run_id, record.status
        )
        if not record.is_active:
            relocate_form(record)
    if is_found and not lesson().is_projected:
        with right:
            show_actions(record)
    st.fragment(run_every=FIGURE_SECONDS if record.is_active else None, key="runs.figures")(
        watch_figures
    )(record.run_id)


def show_name(record: RunRecord) -> None:
    """Draw the run's colour, name, status and tags.

    The name has the text's own colour, to be read in both themes.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.image(swatch(record.number), width=28, alt="The run's colour and dash in every chart")
        st.markdown(f"**{plain(record.name)}**", width="content")
        show_chip(record)
        for tag in record.spec.tags:
            st.badge(plain(tag), color="gray")


def show_origin(record: RunRecord) -> None:
    """Say where a fork comes from, and what was noted about a run."""
    if record.parent:
        st.caption(
            f"Forked from run {record.parent} at step {record.parent_step}: what came before is"
            " that run's."
        )
    if notes := record.spec.notes.strip():
        st.caption(plain(notes if len(notes) <= SHOWN_NOTES else f"{notes[:SHOWN_NOTES]} …"))


def watch_status(run_id: str, status: str) -> None:
    """Draw name, status and progress; called every second while the run moves.

    The page is drawn anew when it has become another than `status`.
    """
    reconciled()
    try:
        record = store().get(run_id)
    except UserError as error:
        show_mistake(error)
        return
    show_name(record)
    show_status(record, history(run_id))
    show_origin(record)
    if record.status != status:
        st.rerun()


def watch_figures(run_id: str) -> None:
    """Draw figures and details; called again while the run is at work."""
    try:
        record = store().get(run_id)
    except UserError:
        return
    past = history(run_id)
    show_figures(record, past)
    show_shifts(record)
    show_details(record, past)


def show_figures(record: RunRecord, past: RunHistory) -> None:
    """Draw accuracy over steps and the robustness curve, the scrubber over the whole width, and
    beneath it epsilon and the followed images.
    """
    target = format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)
    left, right = columns(8, 4)
    step = choose_measurement(record.run_id, past)
    accuracy, strip, curve = drawn(
        record.run_id,
        past.last_sequence,
        record.total_steps,
        bool(record.report),
        step,
        record,
        past,
    )
    with left:
        st.subheader("How accurate is it while it trains?", anchor=False)
        # neither key nor alt text may change while it is live: the chart would be mounted anew
        st.plotly_chart(
            shown(accuracy),
            key="runs.accuracy",
            config=dict(CONFIG),
            alt="Clean, robust and expected accuracy over steps; said in words below",
        )
    with right:
        st.subheader("How does it hold against stronger attacks?", anchor=False)
        st.plotly_chart(
            shown(curve),
            key="runs.curve",
            config=dict(CONFIG),
            alt="Accuracy over the attack's epsilon; the area is expected robustness",
        )
    left, right = columns(8, 4)
    with left:
        st.plotly_chart(
            shown(strip),
            key="runs.epsilon",
            config=dict(CONFIG),
            alt=f"Epsilon over the steps of the run, target {target}",
        )
        st.caption(describe_run(record, past))
    with right:
        show_examples(record, past, step, target)


# a figure is built once for all visitors and refreshes, until the store has news of its run
@st.cache_resource(max_entries=32, show_spinner=False)
def drawn(
    run_id: str,
    sequence: int,
    total_steps: int | None,
    is_measured: bool,
    step: int | None,
    _record: RunRecord,
    _past: RunHistory,
) -> tuple[go.Figure, go.Figure, go.Figure]:
    """Return accuracy over steps, epsilon over steps, and the robustness curve of the
    measurement at `step`.
    """
    spec = _record.spec
    per_epoch = total_steps / spec.optim.epochs if total_steps else None
    newest = _past.measurements[-1].step if _past.measurements else None
    target, norm = format_epsilon(spec.threat.epsilon, spec.threat.norm), spec.threat.norm
    accuracy = accuracy_figure(
        _past,
        total_steps=total_steps,
        steps_per_epoch=per_epoch,
        target=target,
        key=run_id,
        marked_step=step if step != newest else None,
        measured_by=tuple(dict.fromkeys(measured_at(spec, one) for one in _past.measurements)),
    )
    strip = epsilon_strip(
        *_planned(_record),
        epsilon=spec.threat.epsilon,
        norm=norm,
        total_steps=total_steps,
        done=_past,
        key=run_id,
    )
    curve, final, measured_by = _curve_at(_record, _past, step)
    held = robustness_figure(
        curve,
        epsilon=spec.threat.epsilon,
        norm=norm,
        key=run_id,
        final=final,
        measured_by=measured_by,
    )
    return accuracy, strip, held


def _planned(record: RunRecord) -> tuple[list[float], list[float]]:
    """Return the planned (progress, factor); of a fork only what is its own, the
    rest was its parent's.
    """
    progress, values = factors(record.spec, PLANNED_POINTS)
    begun = (record.parent_step or 0) / record.total_steps if record.total_steps else 0.0
    own = [(place, value) for place, value in zip(progress, values) if place >= begun]
    return [place for place, _ in own], [value for _, value in own]


def choose_measurement(run_id: str, past: RunHistory) -> int | None:
    """Let the visitor go back to any evaluation; the newest is followed while the handle
    stands at the right end.
    """
    epochs = {one.step: one.epoch for one in past.measurements}
    steps = list(epochs)
    newest = steps[-1] if steps else None
    if len(steps) < 2:
        # keeps the place of the scrubber, so that nothing moves when it comes
        st.select_slider(
            "Look back to step",
            ["", "nothing to look back at yet"],
            key="runs.step.none",
            disabled=True,
        )
        return newest
    # the right end has one name whatever the newest step is, so that the handle stays there, and
    # follows, when another comes
    chosen = st.select_slider(
        "Look back to step",
        [*steps[:-1], NEWEST],
        NEWEST,
        key=f"runs.step.{run_id}",
        format_func=lambda step: step if step == NEWEST else f"{step}, epoch {epochs[step]:.1f}",
        help=(
            "Accuracy over epsilon and the images as they were at an evaluation. At its right end"
            " it follows the newest."
        ),
    )
    return newest if chosen == NEWEST else chosen


def _curve_at(
    record: RunRecord, past: RunHistory, step: int | None
) -> tuple[RobustnessCurve | None, bool, MeasuredBy | None]:
    """Return the robustness curve at a step, whether it is the final one, and what measured it."""
    newest = past.measurements[-1].step if past.measurements else None
    if record.report and step == newest:
        return RobustnessCurve.from_points(record.report["curve"]), True, record.measured_by
    found = next((one for one in past.measurements if one.step == step), None)
    return (found.curve, False, measured_at(record.spec, found)) if found else (None, False, None)


def show_details(record: RunRecord, past: RunHistory) -> None:
    """Draw settings, log and files behind a fold."""
    with st.expander("Settings, log and command", expanded=record.status == "failed"):
        # what went wrong stands first where something did
        log, settings = (
            st.tabs(["Log", "Settings"])
            if record.status == "failed"
            else reversed(st.tabs(["Settings", "Log"]))
        )
        with settings:
            st.code(f"python -m rft_core show {record.run_id} --json", language="bash")
            st.dataframe(
                [
                    {"setting": name, "value": str(value)}
                    for name, value in flatten(record.spec).items()
                ],
                hide_index=True,
                height=260,
            )
        with log:
            for line in past.log:
                st.text(line)
            path = store().folder(record.run_id) / "run.log"
            st.code(_tail(path) or "nothing was printed", language="text", height=260)
            st.caption(f"The end of {path}")


def _tail(path: Path) -> str:
    """Return the end of a text file, empty where there is none; a log of
    gigabytes is not read whole.
    """
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_CHARACTERS))
        return file.read().decode(errors="replace")


main()
