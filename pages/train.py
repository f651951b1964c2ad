"""Train: choose, see the schedule and its cost, launch."""

import streamlit as st

from pages.ui.shared import lesson, lockable
from pages.ui.shared.frame import columns, open_page, plain, shown
from pages.ui.train_form import form_link, prefill, run_form
from pages.ui.train_form.cost_summary import show_cost
from pages.ui.train_form.data_dialog import is_open, look_at
from pages.ui.train_form.data_menu import MissingLocation
from pages.ui.train_form.form_state import choose_preset, keep
from pages.ui.train_form.image_count import count_uploaded, counted
from pages.ui.train_form.launch import show_launch
from pages.ui.train_form.schedule_editor import schedule_editor
from pages.ui.train_form.schedule_form import schedule
from pages.ui.train_form.schedule_overlay import compare_with
from rft_core import RunSpec, UserError, cost, find, format_epsilon, format_percent, report

EXAMPLE = (
    "for a run that converges after a quarter of its epochs. The real ramp starts when"
    " validation accuracy stops rising."
)


def main() -> None:
    open_page("Train", __file__)
    lockable.forget_drawn()
    base = choose_preset()
    if lesson.lesson().locked:
        st.caption(":material/lock: This link locks some controls.")
    left, right = columns(5, 8)
    with left:
        look = run_form.model_and_data()
        schedule()
        run_form.method()
        run_form.training()
    keep()
    spec, mistake = read(base)
    form_link.write(base, spec, prefill.starting_point(base))
    with right:
        if spec is None:
            show_mistake(mistake)
        else:
            count_uploaded(spec)
            counted_spec = counted(spec)
            lines = show_schedule(counted_spec)
            if not lesson.is_hidden("cost"):
                show_cost(counted_spec)
            show_launch(spec)
            show_demand(counted_spec, lines)
    if look or is_open():
        look_at(spec, str(mistake or ""))


def read(preset_name: str) -> tuple[RunSpec | None, UserError | None]:
    """Return (the spec that the form describes, None), or (None, the first mistake in the form)."""
    try:
        return run_form.read_spec(preset_name), None
    except UserError as error:
        return None, error


def show_mistake(mistake: UserError | None) -> None:
    """Show what is wrong or missing in the form; nothing can be launched until it is corrected."""
    if isinstance(mistake, MissingLocation):
        st.info(plain(str(mistake)), icon=":material/keyboard:")
    else:
        st.error(plain(str(mistake)), icon=":material/error:")
    st.button(
        "Launch run",
        type="primary",
        icon=":material/play_arrow:",
        key="train.launch",
        disabled=True,
        help=str(mistake),
    )


def show_schedule(spec: RunSpec) -> list[report.run.ScheduleLine]:
    """Draw epsilon over the epochs with the schedules it is compared with; return all of them, the
    chosen schedule first.
    """
    st.subheader("How strong is the attack during training?", anchor=False)
    lines = report.run.compared(spec, compare_with())
    target = format_epsilon(spec.threat.epsilon, spec.threat.norm)
    if "schedule.points" in find("schedules", spec.schedule.kind).settings:
        schedule_editor(spec, lines)
    else:
        figure = report.run.schedule_figure(
            lines,
            epsilon=spec.threat.epsilon,
            norm=spec.threat.norm,
            epochs=spec.optim.epochs,
            key="train.schedule",
        )
        description = (
            f"Epsilon over {spec.optim.epochs} epochs, schedule {lines[0].label}, target {target}"
        )
        st.plotly_chart(
            shown(figure), key="train.schedule", config=dict(report.CONFIG), alt=description
        )
    objective = find("objectives", spec.objective.kind)
    if not objective.attacks:
        st.caption(
            f"The {objective.label.lower()} objective trains on clean images only; the schedule is"
            " not used."
        )
    elif cost.never_rises(spec):
        needed = spec.schedule.patience + 2
        st.caption(
            f"With patience {spec.schedule.patience}, a run needs at least {needed} epochs before"
            " epsilon rises. This run would train without an attack to the end."
        )
    elif lines[0].is_example:
        st.caption(f"Dashed: an example {EXAMPLE}")
    else:
        clean, full = (
            format_percent(lines[0].demand.clean_share),
            format_percent(lines[0].demand.full_share),
        )
        st.caption(f"No attack for {clean} of training, full epsilon ({target}) for {full}.")
    return lines


def show_demand(spec: RunSpec, lines: list[report.run.ScheduleLine]) -> None:
    """List what the chosen schedule costs and what the compared ones cost; nothing if no attack is
    run anyway.
    """
    if not cost.may_attack(spec):
        return
    st.subheader("What each schedule costs", anchor=False)
    rows = report.run.schedule_rows(lines)
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        alt="What each schedule costs: attack cost saved, mean factor, steps without an attack",
    )
    st.caption(
        "An attack step costs the same at every epsilon above 0, so a schedule only saves cost"
        " in the steps that it trains without an attack."
    )
    if any(line.is_example for line in lines[1:]):
        st.caption(f"Automatic is drawn as an example {EXAMPLE}")
    if any(line.never_rises for line in lines[1:]):
        st.caption(
            f"Automatic needs more than the {spec.optim.epochs} epochs of this run: it would"
            " train without an attack to the end."
        )


main()
