"""The curves of the evaluations beside that of the run itself, and whether they can be read."""

import streamlit as st

from pages.ui.evaluate_page.answers import answer_of
from pages.ui.evaluate_page.evaluate_form import estimate
from pages.ui.shared.frame import plain, shown
from rft_core import RobustnessCurve, RunRecord, UserError, format_duration, jobs, report, spec

SHOWN_CURVES = 8
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, UserError)


def is_readable(evaluation: jobs.Evaluation, record: RunRecord) -> bool:
    """Whether an evaluation can be named and drawn: one from a bundle or another version may hold
    anything.
    """
    try:
        needed: list[object] = [label_of(evaluation)]
        if evaluation.status == "done":
            # the time of the next evaluation is estimated from it
            needed.append(estimate(record, evaluation.wanted, [evaluation]))
            needed += (
                [report.evaluation.describe_picture(answer_of(evaluation))]
                if evaluation.is_picture
                else [_line(evaluation, False), _caption(evaluation, record)]
            )
    except UNREADABLE:
        return False
    return all(needed)


def label_of(evaluation: jobs.Evaluation) -> str:
    """Name an evaluation: attack, steps, images, when."""
    wanted, moment = evaluation.wanted, evaluation.evaluation_id
    images = (evaluation.answer or {}).get("images") or wanted.get("images")
    method = spec.attack_measured_by(wanted["attack"], steps=wanted["steps"], n=images or 1)
    subject = (
        "own picture" if evaluation.is_picture else f"{images} images" if images else "all images"
    )
    return (
        f"{method.short}, {subject} · {moment[:4]}-{moment[4:6]}-{moment[6:8]}"
        f" {moment[9:11]}:{moment[11:13]} UTC"
    )


def show_curves(
    record: RunRecord,
    kept: list[jobs.Evaluation],
    chosen: jobs.Evaluation | None,
) -> None:
    """Draw the run's own curve and those of its evaluations."""
    own_curve = RobustnessCurve.from_points(report.run.measured_report(record)["curve"])
    own = report.evaluation.Line(
        report.run.in_brackets("run's own report", [record.measured_by]),
        own_curve,
        measured_by=record.measured_by,
    )
    tests = [evaluation for evaluation in kept if not evaluation.is_picture]
    drawn = tests[:SHOWN_CURVES]
    if chosen in tests and chosen not in drawn:
        drawn[-1] = chosen
    lines = [_line(evaluation, evaluation is chosen) for evaluation in drawn]
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


def _caption(evaluation: jobs.Evaluation, record: RunRecord) -> str:
    """Return what an evaluation of test images found, beside the run's own report, and how long it
    took.
    """
    own = RobustnessCurve.from_points(report.run.measured_report(record)["curve"])
    own_method = report.run.measured_method(record)
    answer, estimated = answer_of(evaluation), evaluation.wanted.get("estimate")
    took = f"It took {format_duration(answer['seconds'])}" + (
        f"; the estimate was {format_duration(estimated)}." if estimated else "."
    )
    return f"{report.evaluation.describe_attacks(own, own_method, answer)} {took}"


def _line(evaluation: jobs.Evaluation, is_chosen: bool) -> report.evaluation.Line:
    answer = answer_of(evaluation)
    return report.evaluation.Line(
        label_of(evaluation).partition(" · ")[0],
        RobustnessCurve.from_points(answer["curve"]),
        is_chosen,
        spec.evaluation_measured_by(answer),
    )
