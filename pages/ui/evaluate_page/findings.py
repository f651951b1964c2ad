"""What one evaluation found: honesty checks, images, classes."""

import streamlit as st

from pages.ui.evaluate_page.answers import answer_of
from pages.ui.evaluate_page.curves import UNREADABLE
from pages.ui.evaluate_page.evaluate_gallery import show_gallery
from pages.ui.shared.frame import columns, plain, shown
from rft_core import files, format_epsilon, jobs, metrics, report, spec

LEVELS = {
    "green": (":green[:material/check_circle:]", "success"),
    "amber": (":orange[:material/warning:]", "warning"),
    "red": (":red[:material/error:]", "error"),
}


def show_chosen(chosen: jobs.Evaluation) -> None:
    """Draw what the chosen evaluation found."""
    try:
        if chosen.is_picture:
            st.subheader("Your own picture", anchor=False)
            answer = answer_of(chosen)
            st.markdown(plain(report.evaluation.describe_picture(answer)))
            show_gallery(chosen, answer["norm"], answer["class_names"])
        else:
            show_evaluation(chosen)
    except UNREADABLE:
        st.warning(
            "The rest of this evaluation cannot be read: its files are damaged or from another"
            " version. Evaluate again.",
            icon=":material/broken_image:",
        )


def show_evaluation(chosen: jobs.Evaluation) -> None:
    """Draw honesty checks, the images, and the classes of one evaluation."""
    answer = answer_of(chosen)
    names, norm = answer["class_names"], answer["norm"]
    target, by = (
        format_epsilon(answer["curve"][-1]["epsilon"], norm),
        spec.evaluation_measured_by(answer),
    )
    at_target = report.run.in_brackets(target, [by])
    show_honesty(answer["honesty"], answer["curve"])
    images = jobs.evaluations.load_arrays(chosen.folder, files.run_files.IMAGES)
    st.subheader("Which images fall first?", anchor=False)
    if images is not None:
        falls = report.evaluation.describe_falling(images["epsilons"], images["verdicts"], norm)
        st.caption(plain(f"Attack: {by.full_method}. {falls}"))
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
    st.subheader("Which classes are confused?", anchor=False)
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
    `points` is the curve that they check.
    """
    st.subheader("Is the robustness real?", anchor=False)
    if honesty is None:
        st.caption(
            "This evaluation has no honesty checks. Tick “Honesty checks” on the left and"
            " evaluate again."
        )
        return
    at = format_epsilon(honesty["epsilon"], honesty["norm"])
    level, verdict = report.evaluation.describe_verdict(honesty, points, at)
    getattr(st, "info" if level == "none" else LEVELS[level][1])(
        f"{verdict} Checked on {honesty['n']} images at {at}."
    )
    order = list(LEVELS)[::-1]
    rows = sorted(honesty["findings"], key=lambda finding: order.index(finding["level"]))
    for side, part in zip(columns(6, 6), (rows[::2], rows[1::2])):
        for finding in part:
            name = (
                f"**{finding['level']}** ·"
                f" {plain(finding['name'][:1].upper() + finding['name'][1:])}"
            )
            side.markdown(
                f"{LEVELS[finding['level']][0]} {name}: {plain(finding['reason'])}. "
                f" \n:small[:gray[{report.evaluation.MEANINGS.get(finding['name'], '')}]]"
            )
