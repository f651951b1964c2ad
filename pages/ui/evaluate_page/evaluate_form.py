"""The forms of Evaluate: attack, steps, epsilons and number of images, with the expected time; and
one's own picture.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui.evaluate_page.answers import answer_of
from pages.ui.shared.frame import mistakes_shown, plain
from pages.ui.shared.gate import closed, permitted
from pages.ui.shared.session import store
from rft_core import (
    RobustnessCurve,
    RunRecord,
    UserError,
    choices,
    cost,
    files,
    find,
    format_duration,
    format_epsilon,
    jobs,
    report,
    spec,
)

USUAL_ATTACK, USUAL_IMAGES = "apgd_ce_t", 200
PICTURE_MEGABYTES = 20
STRENGTH = (
    "Ordered roughly from weakest to strongest; the order depends on the model. AutoAttack is"
    " the strongest and the slowest."
)


def ask_form(record: RunRecord, done: list[jobs.Evaluation]) -> None:
    """Draw the choices for one run, the expected time, and the button."""
    attack = choose_attack(record)
    left, right = st.columns(2)
    row = find("attacks", attack)
    key = f"evaluate.steps.{attack}"
    usual = row.fixed_steps or row.usual_steps
    steps = left.number_input(
        "Queries" if row.step_name == "query" else "Steps",
        1,
        10_000,
        usual,
        key=key,
        disabled=row.fixed_steps is not None,
        help="Gradient steps of the attack. AutoAttack always takes its standard 100.",
    )
    most = report.run.measured_report(record)["curve"][0]["n"]
    images = right.number_input(
        "Test images",
        2,
        most,
        min(USUAL_IMAGES, most),
        key="evaluate.images",
        help="Drawn evenly from all classes.",
    )
    text = st.text_input(
        "Epsilons",
        key="evaluate.epsilons",
        placeholder=_grid_text(record),
        help="For example 0, 4/255, 8/255. Leave empty for the run's own grid.",
    )
    honesty = st.checkbox(
        "Honesty checks",
        True,
        key="evaluate.honesty",
        help="Checks whether the robustness is real or the model only hides its gradient.",
    )
    with mistakes_shown():
        epsilons = checked_epsilons(text, record.spec.threat.norm)
        wanted = {
            "attack": attack,
            "steps": int(steps),
            "epsilons": epsilons,
            "images": int(images),
            "honesty": honesty,
        }
        seconds, basis = estimate(record, wanted, done)
        st.markdown(f":material/timer: About **{format_duration(seconds)}**")
        st.caption(
            plain(f"Estimated from {basis}. The evaluation waits while a run is using the device.")
        )
        if st.button(
            "Evaluate",
            type="primary",
            icon=":material/troubleshoot:",
            key="evaluate.ask",
            width="stretch",
            **closed(),
        ):
            permitted(jobs.evaluations.ask_for_evaluation)(
                store(), record.run_id, wanted | {"estimate": seconds}
            )
            st.rerun()


def choose_attack(record: RunRecord) -> str:
    """Draw the menu of attacks for the run's norm; the default is stronger than the attack of its
    report.
    """
    fit = [row.name for row in choices("attacks") if record.spec.threat.norm in row.norms]
    usual = fit.index(USUAL_ATTACK)
    rows = {row.name: row for row in choices("attacks")}
    help_text = "\n\n".join(
        [STRENGTH, *(f"**{rows[name].label}**: {rows[name].help}" for name in fit)]
    )
    return st.selectbox(
        "Attack",
        fit,
        usual,
        key="evaluate.attack",
        format_func=lambda name: rows[name].label,
        help=help_text,
    )


def picture_form(record: RunRecord) -> None:
    """Let visitors attack a picture of their own."""
    upload = st.file_uploader(
        "Your own picture",
        type=[suffix.lstrip(".") for suffix in files.image_suffixes()],
        key="evaluate.picture",
        help=f"At most {PICTURE_MEGABYTES} MB. It stays on this machine.",
    )
    st.caption(
        "Resized like the dataset, then attacked with the attack, steps and epsilons above to"
        " change what the model says."
    )
    if (
        st.button(
            "Attack it",
            key="evaluate.ask_picture",
            width="stretch",
            **{"disabled": upload is None} | closed(),
        )
        and upload is not None
    ):
        if upload.size > PICTURE_MEGABYTES * 1_000_000:
            st.error(
                f"The picture is larger than {PICTURE_MEGABYTES} MB; choose a smaller one.",
                icon=":material/error:",
            )
            return
        state = st.session_state
        attack = state["evaluate.attack"]
        with mistakes_shown():
            epsilons = checked_epsilons(state.get("evaluate.epsilons", ""), record.spec.threat.norm)
            wanted = {
                "attack": attack,
                "steps": int(state[f"evaluate.steps.{attack}"]),
                "epsilons": epsilons,
                "images": 1,
                "honesty": False,
            }
            permitted(jobs.evaluations.ask_for_evaluation)(
                store(),
                record.run_id,
                wanted | {"estimate": estimate(record, wanted, [])[0]},
                upload.getvalue(),
            )
            st.rerun()


def checked_epsilons(text: str, norm: str) -> list[float] | None:
    """Return the epsilons in a text, None for an empty text; raises UserError for one outside the
    range of the norm.
    """
    if not (text or "").strip():
        return None
    found = spec.split_epsilons(text)
    if norm == "linf" and max(found) > 1:
        raise UserError(
            f"epsilon {max(found):g} is more than 1, the whole range of a pixel; write"
            f" {max(found):g}/255"
        )
    if not any(found):
        raise UserError(
            "0 alone is the clean accuracy; write at least one epsilon above it, such as 8/255"
        )
    return found


def estimate(
    record: RunRecord, wanted: Mapping[str, Any], done: list[jobs.Evaluation]
) -> tuple[float, str]:
    """Return (seconds, basis): from the newest evaluation of the run that is long enough, else from
    the run itself.
    """
    own = report.run.measured_report(record)
    spent = _cost(record, wanted)
    for evaluation in done:
        took = (evaluation.answer or {}).get("seconds", 0) - cost.START_SECONDS
        if took > 1 and not evaluation.is_picture:
            # the time of a similar evaluation includes what the count leaves out, such as small
            # batches
            images = answer_of(evaluation)["images"]
            earlier = _cost(record, {**evaluation.wanted, "images": images})
            seconds = cost.START_SECONDS + took * spent / earlier
            return seconds, "an earlier evaluation of this run"
    return (
        cost.START_SECONDS + spent * own["seconds"] / max(own["gradient_evaluations"], 1),
        "the run itself",
    )


def _cost(record: RunRecord, wanted: Mapping[str, Any]) -> float:
    """Return the expected gradient evaluations of the requested evaluation."""
    own = report.run.measured_report(record)
    curve = RobustnessCurve.from_points(own["curve"])
    grid = sorted({0.0, *wanted["epsilons"]}) if wanted["epsilons"] else curve.epsilons
    method = {name: wanted[name] for name in ("attack", "steps", "honesty")}
    classes = (own.get("machine") or {}).get("classes", 10)
    return cost.estimate_evaluation(curve, grid, wanted["images"], **method, classes=classes)


def _grid_text(record: RunRecord) -> str:
    points, norm = report.run.measured_report(record)["curve"], record.spec.threat.norm
    return f"the run's own: {len(points)} from 0 to {format_epsilon(points[-1]['epsilon'], norm)}"
