"""Evaluate: one run's model under a closer look.

What is asked for is made by a process of its own, and kept with the run.
"""

import streamlit as st

from pages.ui.evaluate_page.evaluate_form import ask_form, estimate, picture_form
from pages.ui.evaluate_page.evaluate_gallery import show_gallery
from pages.ui.shared.frame import columns, open_page, plain, quoted, shown
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.relocate_form import relocate_form
from pages.ui.shared.session import reconciled, store
from pages.ui.shared.shifts import show_shifts
from rft_core import (
    RobustnessCurve,
    RunRecord,
    UserError,
    format_duration,
    format_epsilon,
    jobs,
    metrics,
    report,
    spec,
)
from rft_core import store as run_store

POLL_SECONDS = 1.0
OFFERED = 500
SHOWN_CURVES = 8
RUN, CHOSEN, URL = "evaluate.run", "evaluate.evaluation", "evaluate.url"
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, UserError)
LEVELS = {
    "green": (":green[:material/check_circle:]", "success"),
    "amber": (":orange[:material/warning:]", "warning"),
    "red": (":red[:material/error:]", "error"),
}


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


def is_readable(one: jobs.Evaluation, record: RunRecord) -> bool:
    """Whether an evaluation can be named and drawn: what came in a bundle, or was written by
    another version, may hold anything.
    """
    try:
        needed = [_label(one)]
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


def show_chosen(chosen: jobs.Evaluation) -> None:
    """Draw what the chosen evaluation found."""
    try:
        if chosen.is_picture:
            st.subheader("Your own picture", anchor=False)
            st.markdown(plain(report.evaluation.describe_picture(chosen.answer)))
            show_gallery(chosen, chosen.answer["norm"], chosen.answer["class_names"])
        else:
            show_evaluation(chosen)
    except UNREADABLE:
        st.warning(
            "The rest of this evaluation cannot be read: its files are damaged or of another"
            " version. Evaluate again.",
            icon=":material/broken_image:",
        )


def choose_run() -> RunRecord | None:
    """Let the visitor choose among the measured runs: that of the URL, else the one chosen last,
    else the newest; None when there is none.
    """
    rows = {
        row.run_id: row for row in store().summaries(limit=OFFERED).rows if row.clean is not None
    }
    if not rows:
        return None
    state, asked = (
        st.session_state,
        {name: st.query_params.get(name, "") for name in ("run", "evaluation")},
    )
    if asked != state.get(URL) and asked["run"]:
        if asked["run"] in rows:
            state[RUN], state[CHOSEN] = asked["run"], asked["evaluation"]
        else:
            st.warning(
                f"There is no measured run '{quoted(asked['run'])}' in this store.",
                icon=":material/help:",
            )
    if state.get(RUN) not in rows:
        state[RUN] = next(iter(rows))
    run_id = st.selectbox(
        "Run",
        list(rows),
        key=RUN,
        format_func=lambda one: _run_label(rows[one]),
        label_visibility="collapsed",
        on_change=_forget,
    )
    return store().get(run_id)


def _forget() -> None:
    st.session_state.pop(CHOSEN, None)


def _run_label(run: run_store.RunSummary) -> str:
    return (
        f"{run.name} · {run.dataset.rpartition('/')[2]} · {format_epsilon(run.epsilon, run.norm)} ·"
        f" {run.run_id[4:15]}"
    )


def watch(record: RunRecord, making: list[str]) -> None:
    """Say how far evaluations are; called every second while there are some.

    The page is drawn anew when one is done.
    """
    # every second: only those that were waited for are looked through
    awaited = [
        one
        for one in jobs.evaluations.list_evaluations(store(), record.run_id)
        if one.evaluation_id in making
    ]
    found = {one.evaluation_id: one for one in awaited if is_readable(one, record)}
    for evaluation_id in making:
        one = found.get(evaluation_id)
        if one is None or one.status != "making":
            if one is not None and one.status == "done":
                st.session_state[CHOSEN] = evaluation_id
            st.rerun()
        _show_progress(one)


def _show_progress(one: jobs.Evaluation) -> None:
    estimate, seconds = one.wanted.get("estimate"), one.seconds
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        of = f" of about {format_duration(estimate)}" if estimate else ""
        took = "" if seconds is None else f", {format_duration(seconds)}{of}"
        share = min(0.99, seconds / estimate) if estimate and seconds is not None else 0.0
        st.progress(share, text=plain(f"{_label(one)}: {one.line}{took}"))
        if st.button(
            "Cancel",
            icon=":material/stop:",
            key=f"evaluate.cancel.{one.evaluation_id}",
            **{"help": "Nothing of it is kept."} | closed(),
        ):
            permitted(jobs.evaluations.cancel)(one)
            st.rerun()


def show_failures(found: list[jobs.Evaluation]) -> None:
    """Say why the newest evaluation failed, until another one is asked for."""
    if found and found[0].status == "failed":
        st.error(plain(f"{_label(found[0])}: {found[0].line}"), icon=":material/error:")


def choose_evaluation(
    kept: list[jobs.Evaluation],
) -> jobs.Evaluation | None:
    """Let the visitor choose what is shown, and keep it in the URL; None when nothing is kept."""
    known, state = {one.evaluation_id: one for one in kept}, st.session_state
    if state.get(CHOSEN) not in known:
        if state.get(CHOSEN):
            st.warning(
                f"This run has no evaluation '{quoted(state[CHOSEN])}'; the newest is shown.",
                icon=":material/help:",
            )
        state.pop(CHOSEN, None)
    chosen = (
        st.selectbox(
            "Evaluation", list(known), key=CHOSEN, format_func=lambda one: _label(known[one])
        )
        if known
        else None
    )
    view = {"run": state[RUN], "evaluation": chosen or ""}
    for name, value in view.items():
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value
        elif not value:
            st.query_params.pop(name, None)
    state[URL] = view
    return known.get(chosen)


def _label(one: jobs.Evaluation) -> str:
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
        _label(one).partition(" · ")[0],
        RobustnessCurve.from_points(one.answer["curve"]),
        is_chosen,
        spec.evaluation_measured_by(one.answer),
    )


def show_evaluation(chosen: jobs.Evaluation) -> None:
    """Draw honesty checks, the images, and the classes of one evaluation."""
    answer = chosen.answer
    names, norm = answer["class_names"], answer["norm"]
    target, by = (
        format_epsilon(answer["curve"][-1]["epsilon"], norm),
        spec.evaluation_measured_by(answer),
    )
    at_target = report.run.in_brackets(target, [by])
    show_honesty(answer["honesty"], answer["curve"])
    images = jobs.evaluations.load_arrays(chosen.folder, jobs.evaluations.IMAGES)
    st.subheader("Which images fall first?", anchor=False)
    if images is not None:
        falls = report.evaluation.describe_falling(images["epsilons"], images["verdicts"], norm)
        st.caption(plain(f"By {by.full_method}. {falls}"))
    show_gallery(chosen, norm, names)
    st.subheader("Which classes lose most?", anchor=False)
    alt = f"Clean accuracy and accuracy at {at_target} of {len(answer['per_class'])} classes"
    st.plotly_chart(
        shown(
            report.evaluation.class_figure(
                answer["per_class"], target=at_target, key=chosen.evaluation_id
            )
        ),
        key="evaluate.classes",
        config=dict(report.CONFIG),
        alt=alt,
    )
    st.caption(plain(report.evaluation.describe_classes(answer["per_class"], at_target)))
    if images is None:
        return
    st.subheader("What is taken for what?", anchor=False)
    for side, name, where in zip(
        columns(6, 6),
        ("clean_prediction", "attacked_prediction"),
        ("Without an attack", f"At {at_target}"),
    ):
        counts = metrics.confusion(images["labels"], images[name], len(names))
        with side:
            st.markdown(f"**{plain(where)}**")
            alt = f"{where}: what each of {len(names)} classes is taken for, in percent"
            st.plotly_chart(
                shown(report.evaluation.confusion_figure(counts, names, key=chosen.evaluation_id)),
                key=f"evaluate.{name}",
                config=dict(report.CONFIG),
                alt=alt,
            )
            st.caption(plain(report.evaluation.describe_confusion(counts, names, where)))


def show_honesty(honesty: dict | None, points: list[dict]) -> None:
    """Draw the findings with their reasons, the worst first, and what green means for each;
    `points` is the curve that they vouch for.
    """
    st.subheader("Is the robustness real?", anchor=False)
    if honesty is None:
        st.caption(
            "The honesty checks were not asked for. Tick them on the left and evaluate again."
        )
        return
    at = format_epsilon(honesty["epsilon"], honesty["norm"])
    level, verdict = report.evaluation.describe_verdict(honesty, points, at)
    getattr(st, "info" if level == "none" else LEVELS[level][1])(
        f"{verdict} Checked on {honesty['n']} images at {at}."
    )
    order = list(LEVELS)[::-1]
    rows = sorted(honesty["findings"], key=lambda one: order.index(one["level"]))
    for side, part in zip(columns(6, 6), (rows[::2], rows[1::2])):
        for one in part:
            name = f"**{one['level']}** · {plain(one['name'][:1].upper() + one['name'][1:])}"
            side.markdown(
                f"{LEVELS[one['level']][0]} {name}: {plain(one['reason'])}. "
                f" \n:small[:gray[{report.evaluation.MEANINGS.get(one['name'], '')}]]"
            )


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
