"""The figures of one run, and the slider that looks back to an earlier measurement."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.ui.runs_page.followed_images import show_examples
from pages.ui.shared.frame import columns, shown
from rft_core import RobustnessCurve, RunRecord, cost, format_epsilon, metrics, report

NEWEST = "newest"
PLANNED_POINTS = 100


def show_figures(record: RunRecord, past: report.run.RunHistory) -> None:
    """Draw accuracy over steps and the robustness curve, the slider across the page, and below it
    epsilon and the followed images.
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
        st.subheader("How accurate is it during training?", anchor=False)
        # neither key nor alt text may change while the run is live, or the browser rebuilds the
        # chart
        st.plotly_chart(
            shown(accuracy),
            key="runs.accuracy",
            config=dict(report.CONFIG),
            alt="Clean, robust and expected accuracy over steps; described in words below",
        )
    with right:
        st.subheader("How robust is it against stronger attacks?", anchor=False)
        st.plotly_chart(
            shown(curve),
            key="runs.curve",
            config=dict(report.CONFIG),
            alt="Accuracy over the attack's epsilon; the area is expected robustness",
        )
    left, right = columns(8, 4)
    with left:
        st.plotly_chart(
            shown(strip),
            key="runs.epsilon",
            config=dict(report.CONFIG),
            alt=f"Epsilon over the steps of the run, target {target}",
        )
        st.caption(report.run.describe_run(record, past))
    with right:
        show_examples(record, past, step, target)


# a figure is built once for all visitors and refreshes, until the store has new events of its run
@st.cache_resource(max_entries=32, show_spinner=False)
def drawn(
    run_id: str,
    sequence: int,
    total_steps: int | None,
    is_measured: bool,
    step: int | None,
    _record: RunRecord,
    _past: report.run.RunHistory,
) -> tuple[go.Figure, go.Figure, go.Figure]:
    """Return accuracy over steps, epsilon over steps, and the robustness curve of the
    measurement at `step`.
    """
    spec = _record.spec
    per_epoch = total_steps / spec.optim.epochs if total_steps else None
    newest = _past.measurements[-1].step if _past.measurements else None
    target, norm = format_epsilon(spec.threat.epsilon, spec.threat.norm), spec.threat.norm
    accuracy = report.run.accuracy_figure(
        _past,
        total_steps=total_steps,
        steps_per_epoch=per_epoch,
        target=target,
        key=run_id,
        marked_step=step if step != newest else None,
        measured_by=tuple(
            dict.fromkeys(
                report.run.measured_at(spec, measurement) for measurement in _past.measurements
            )
        ),
    )
    strip = report.run.epsilon_strip(
        *_planned(_record),
        epsilon=spec.threat.epsilon,
        norm=norm,
        total_steps=total_steps,
        done=_past,
        key=run_id,
    )
    curve, final, measured_by = _curve_at(_record, _past, step)
    held = report.run.robustness_figure(
        curve,
        epsilon=spec.threat.epsilon,
        norm=norm,
        key=run_id,
        final=final,
        measured_by=measured_by,
    )
    return accuracy, strip, held


def _planned(record: RunRecord) -> tuple[list[float], list[float]]:
    """Return the planned (progress, factor); of a fork only its own part, after that of its
    parent.
    """
    progress, values = cost.factors(record.spec, PLANNED_POINTS)
    begun = (record.parent_step or 0) / record.total_steps if record.total_steps else 0.0
    own = [(position, value) for position, value in zip(progress, values) if position >= begun]
    return [position for position, _ in own], [value for _, value in own]


def choose_measurement(run_id: str, past: report.run.RunHistory) -> int | None:
    """Let the visitor go back to any measurement; at its right end the slider follows the
    newest.
    """
    epochs = {measurement.step: measurement.epoch for measurement in past.measurements}
    steps = list(epochs)
    newest = steps[-1] if steps else None
    if len(steps) < 2:
        # holds the space of the slider, so that nothing moves when it appears
        st.select_slider(
            "Look back to step",
            ["", "nothing to look back at yet"],
            key="runs.step.none",
            disabled=True,
        )
        return newest
    # the right end has the same name whatever the newest step is, so that the handle stays there
    # and follows new measurements
    options: list[Any] = [*steps[:-1], NEWEST]
    chosen = st.select_slider(
        "Look back to step",
        options,
        NEWEST,
        key=f"runs.step.{run_id}",
        format_func=lambda step: step if step == NEWEST else f"{step}, epoch {epochs[step]:.1f}",
        help=(
            "Shows the robustness curve and the images at an earlier measurement. The right end"
            " follows the newest one."
        ),
    )
    return newest if chosen == NEWEST else chosen


def _curve_at(
    record: RunRecord, past: report.run.RunHistory, step: int | None
) -> tuple[RobustnessCurve | None, bool, metrics.MeasuredBy | None]:
    """Return the robustness curve at a step, whether it is the final one, and what measured it."""
    newest = past.measurements[-1].step if past.measurements else None
    if record.report and step == newest:
        return RobustnessCurve.from_points(record.report["curve"]), True, record.measured_by
    found = next(
        (measurement for measurement in past.measurements if measurement.step == step), None
    )
    return (
        (found.curve, False, report.run.measured_at(record.spec, found))
        if found
        else (None, False, None)
    )
