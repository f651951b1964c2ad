"""The curves of the evaluations beside that of the run itself, and what can be read of them."""

import streamlit as st

from pages.ui.evaluate_page.evaluate_form import estimate
from pages.ui.shared.frame import plain, shown
from rft_core import RobustnessCurve, RunRecord, UserError, format_duration, jobs, report, spec

SHOWN_CURVES = 8
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, UserError)


def is_readable(one: jobs.Evaluation, record: RunRecord) -> bool:
    """Whether an evaluation can be named and drawn: what came in a bundle, or was written by
    another version, may hold anything.
    """
    try:
        needed = [label_of(one)]
        if one.status == "done":
            # the next one's time is told from it
            needed.append(estimate(record, one.wanted, [one]))
            needed += (
                [report.evaluation.describe_picture(one.answer)]
                if one.is_picture
                else [_line(one, False), _caption(one, record)]
            )
    except UNREADABLE:
        return False
    return all(needed)


def label_of(one: jobs.Evaluation) -> str:
    """Name an evaluation: attack, steps, images, when."""
    wanted, moment = one.wanted, one.evaluation_id
    images = (one.answer or {}).get("images") or wanted.get("images")
    asked = spec.attack_measured_by(wanted["attack"], steps=wanted["steps"], n=images or 1)
    what = "own picture" if one.is_picture else f"{images} images" if images else "all images"
    return (
        f"{asked.short}, {what} · {moment[:4]}-{moment[4:6]}-{moment[6:8]}"
        f" {moment[9:11]}:{moment[11:13]} UTC"
    )


def show_curves(
    record: RunRecord,
    kept: list[jobs.Evaluation],
    chosen: jobs.Evaluation | None,
) -> None:
    """Draw the run's own curve and those of its evaluations."""
    own_curve = RobustnessCurve.from_points(record.report["curve"])
    own = report.evaluation.Line(
        report.run.in_brackets("run's own report", [record.measured_by]),
        own_curve,
        measured_by=record.measured_by,
    )
    tests = [one for one in kept if not one.is_picture]
    drawn = tests[:SHOWN_CURVES]
    if chosen in tests and chosen not in drawn:
        drawn[-1] = chosen
    lines = [_line(one, one is chosen) for one in drawn]
    st.subheader("Does it hold under a stronger attack?", anchor=False)
    picture = report.evaluation.attacks_figure(
        own, lines, norm=record.spec.threat.norm, key=record.run_id
    )
    st.plotly_chart(
        shown(picture),
        key="evaluate.curves",
        config=dict(report.CONFIG),
        alt=f"Accuracy over epsilon: the run's own report and {len(lines)} evaluations",
    )
    if chosen is not None and not chosen.is_picture:
        st.caption(plain(_caption(chosen, record)))


def _caption(one: jobs.Evaluation, record: RunRecord) -> str:
    """Say what an evaluation of test images found beside the run's own report,
    and how long it took.
    """
    own, answer, estimated = (
        RobustnessCurve.from_points(record.report["curve"]),
        one.answer,
        one.wanted.get("estimate"),
    )
    took = f"It took {format_duration(answer['seconds'])}" + (
        f"; {format_duration(estimated)} were estimated." if estimated else "."
    )
    return f"{report.evaluation.describe_attacks(own, record.measured_by, answer)} {took}"


def _line(one: jobs.Evaluation, is_chosen: bool) -> report.evaluation.Line:
    return report.evaluation.Line(
        label_of(one).partition(" · ")[0],
        RobustnessCurve.from_points(one.answer["curve"]),
        is_chosen,
        spec.evaluation_measured_by(one.answer),
    )
