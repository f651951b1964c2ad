"""Train: choose, see the schedule and its cost, launch."""

import streamlit as st

from pages.ui.shared import lesson, lockable
from pages.ui.shared.frame import columns, mistakes_shown, open_page, plain, shown
from pages.ui.shared.gate import REFUSED, launch_caption, launching, may_launch, permitted
from pages.ui.shared.session import store
from pages.ui.train_form import form_link, prefill, run_form
from pages.ui.train_form.data_dialog import is_open, look_at
from pages.ui.train_form.data_menu import MissingPlace, came_in
from pages.ui.train_form.form_state import choose_preset, keep
from pages.ui.train_form.model_menu import weights_missing
from pages.ui.train_form.schedule_editor import schedule_editor
from pages.ui.train_form.schedule_form import schedule
from pages.ui.train_form.schedule_overlay import compare_with
from rft_core import RunSpec, UserError, find, preset, submit, with_settings
from rft_core.cost.known_sizes import train_images
from rft_core.cost.run_cost import Cost, estimate
from rft_core.cost.schedule_demand import attacked_share, demand, may_attack, never_rises
from rft_core.jobs import dataset_cards
from rft_core.report.run.figures import CONFIG
from rft_core.report.run.schedule_explorer import Line, compared, schedule_figure, schedule_rows
from rft_core.spec.run_spec import flatten
from rft_core.units import format_duration, format_epsilon, format_percent

TRIO = ("standard", "fixed", "scheduled")
# steps below which a run is too short to say anything of its schedule
FEW_STEPS = 50
COUNT_SECONDS = 2.0
EXAMPLE = (
    "It is that of a run that converges after a quarter of its epochs; the real ramp starts when"
    " validation accuracy stops rising."
)


def main() -> None:
    open_page("Train", __file__)
    lockable.forget_drawn()
    base = choose_preset()
    if lesson.lesson().locked:
        st.caption(":material/lock: Some controls are locked by this link.")
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
            known = counted(spec)
            lines = show_schedule(known)
            if not lesson.is_hidden("cost"):
                show_cost(known)
            show_launch(spec)
            show_demand(known, lines)
    if look or is_open():
        look_at(spec, str(mistake or ""))


def read(preset_name: str) -> tuple[RunSpec | None, UserError | None]:
    """Return (the spec that the form describes, None), or (None, what is
    wrong or missing in it).
    """
    try:
        return run_form.read_spec(preset_name), None
    except UserError as error:
        return None, error


def show_mistake(mistake: UserError | None) -> None:
    """Name what is wrong or missing in the form; nothing can be launched until it is mended."""
    if isinstance(mistake, MissingPlace):
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


def show_schedule(spec: RunSpec) -> list[Line]:
    """Draw epsilon over the epochs, and the schedules it is compared with; return them,
    the chosen one first.
    """
    st.subheader("How strong is the attack while it trains?", anchor=False)
    lines = compared(spec, compare_with())
    target = format_epsilon(spec.threat.epsilon, spec.threat.norm)
    if "schedule.points" in find("schedules", spec.schedule.kind).settings:
        schedule_editor(spec, lines)
    else:
        figure = schedule_figure(
            lines,
            epsilon=spec.threat.epsilon,
            norm=spec.threat.norm,
            epochs=spec.optim.epochs,
            key="train.schedule",
        )
        said = (
            f"Epsilon over {spec.optim.epochs} epochs, schedule {lines[0].label}, target {target}"
        )
        st.plotly_chart(shown(figure), key="train.schedule", config=dict(CONFIG), alt=said)
    objective = find("objectives", spec.objective.kind)
    if not objective.attacks:
        st.caption(
            f"The {objective.label.lower()} objective trains on clean images only; the schedule is"
            " not used."
        )
    elif never_rises(spec):
        needed = spec.schedule.patience + 2
        st.caption(
            f"With patience {spec.schedule.patience} epsilon can rise from {needed} epochs on; this"
            " run would train without an attack to its end."
        )
    elif lines[0].is_example:
        st.caption(f"Dashed: an example. {EXAMPLE}")
    else:
        clean, full = (
            format_percent(lines[0].demand.clean_share),
            format_percent(lines[0].demand.full_share),
        )
        st.caption(f"No attack for {clean} of training, full epsilon ({target}) for {full}.")
    return lines


def show_demand(spec: RunSpec, lines: list[Line]) -> None:
    """Say in a table what the chosen schedule and those it is compared with ask for; nothing where
    no attack is run anyway.
    """
    if not may_attack(spec):
        return
    st.subheader("What each schedule asks for", anchor=False)
    rows = schedule_rows(lines)
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        alt="What each schedule asks for: attack cost saved, mean factor, steps without an attack",
    )
    st.caption(
        "An attack step costs the same at every epsilon above 0, so a schedule saves the steps that"
        " it trains without an attack."
    )
    if any(line.is_example for line in lines[1:]):
        st.caption(f"Automatic is drawn as an example. {EXAMPLE}")
    if any(line.never_rises for line in lines[1:]):
        st.caption(
            f"Automatic needs more than the {spec.optim.epochs} epochs of this run: it would train"
            " without an attack to its end."
        )


def show_cost(spec: RunSpec) -> None:
    """Say what the run will cost, and what that rests on."""
    cost = estimate(spec, store().measured_paces(spec))
    first, second, third = st.columns(3)
    if cost is None:
        first.metric("Time", "unknown", border=True)
        show_uncounted(spec)
        return
    saved = 1 - attacked_share(spec)
    first.metric(
        "Time, about",
        format_duration(cost.seconds),
        help=f"Estimated from {cost.basis}.",
        border=True,
    )
    second.metric(
        "Attack cost saved",
        format_percent(saved),
        help="Share of the training steps that run no attack.",
        border=True,
    )
    third.metric(
        "Gradient evaluations",
        f"{cost.gradient_evaluations / 1000:,.0f} k",
        help=(
            "Images times steps, attacks and measurements included: the unit that does not depend"
            " on the machine."
        ),
        border=True,
    )
    known = (
        f"Estimated from {cost.basis}."
        if cost.seconds
        else "Time unknown: nothing like it has run here yet."
    )
    whole = (
        "The attacks left out make the whole run, measuring included,"
        f" {format_percent(1 - cost.share_of_constant)} cheaper."
        if 0 < saved < 1
        else ""
    )
    st.caption(" ".join(part for part in (known, tracking_said(spec, cost), whole) if part))
    show_few_steps(spec)


def tracking_said(spec: RunSpec, cost: Cost) -> str:
    """Say what part of a run measuring while it trains takes, what the bound on it leaves out, and
    where it cannot be kept.
    """
    bound = spec.evaluation.tracking_share
    allowed = f"{100 * bound:g} %"
    said = f"Measuring while it trains takes about {format_percent(cost.tracking_share)} of the run"
    if cost.tracking_share > bound:
        return f"{said}: more than {allowed}, since the first and the last measurement always stay."
    most = f" (at most {allowed})" if bound < 1 else ""
    left_out = (
        f": {cost.measurements} of {cost.asked} measurements, to stay within it"
        if cost.measurements < cost.asked
        else ""
    )
    return f"{said}{most}{left_out}."


def show_few_steps(spec: RunSpec) -> None:
    """Warn of a run of so few steps that its results say little."""
    total = demand(spec).total_steps
    if total is not None and total < FEW_STEPS:
        steps = "1 step" if total == 1 else f"{total} steps"
        st.warning(
            f"{steps} in all: too few to learn much. More epochs, more images or a smaller batch"
            " give more.",
            icon=":material/hourglass_bottom:",
        )


def show_uncounted(spec: RunSpec) -> None:
    """Say how the time becomes known: by a look at the data, or by waiting
    for the one under way.
    """
    if dataset_cards.reading(store().home, spec) is None:
        st.caption(
            "“Look at the data” counts the images; then the time can be told. It can be launched"
            " without."
        )
    else:
        st.fragment(run_every=COUNT_SECONDS, key="train.counting")(_wait_for_count)(spec)


def _wait_for_count(spec: RunSpec) -> None:
    if dataset_cards.reading(store().home, spec) is None:
        st.rerun()
    st.caption(
        "The images are being counted; then the time can be told. It can be launched without."
    )


def count_uploaded(spec: RunSpec) -> None:
    """Have the images of a new upload counted, by the process that looks at data."""
    if came_in(spec.data.dataset):
        permitted(dataset_cards.ask_for_card)(store().home, spec)


def counted(spec: RunSpec) -> RunSpec:
    """Return `spec` with the number of training images that a look at the data has found,
    where only that tells.
    """
    if train_images(spec) is not None:
        return spec
    card = dataset_cards.read_card(store().home, spec) or {}
    return with_settings(
        spec,
        {
            "data.train_size": next(
                (split["count"] for split in card.get("splits", []) if split["name"] == "train"),
                None,
            )
        },
    )


def show_launch(spec: RunSpec) -> None:
    """Draw the two ways to launch."""
    missing = weights_missing(spec.model.backbone)
    reason = missing or ("" if may_launch() else REFUSED)
    launch = trio = False
    with st.container(horizontal=True, gap="small"):
        if not lesson.is_hidden("launch"):
            launch = st.button(
                "Launch run",
                type="primary",
                icon=":material/play_arrow:",
                key="train.launch",
                disabled=bool(reason),
                help=reason or None,
            )
        if not lesson.is_hidden("trio"):
            trio = st.button(
                "Launch the trio: standard, fixed, scheduled",
                icon=":material/stacked_line_chart:",
                key="train.trio",
                disabled=bool(reason),
                help="Three runs with these settings that differ in their schedule alone.",
            )
    if missing:
        st.warning(plain(f"Cannot be launched: {missing}."), icon=":material/block:")
    st.caption(
        "Runs queue one behind the other on this machine. They go on when this page is closed."
    )
    if limits := launch_caption():
        st.caption(limits)
    specs = [spec] if launch else trio_of(spec) if trio else []
    if specs:
        with mistakes_shown():
            run_ids = launching(submit)(store(), specs)
            st.switch_page("pages/runs.py", query_params={"run": run_ids[0]})


def trio_of(spec: RunSpec) -> list[RunSpec]:
    """Return `spec` three times: without attack, at fixed epsilon, and with its own schedule, or
    the default ramp where its own is one of the other two.
    """
    made = []
    has_ramp = 0 < demand(spec).mean_factor < 1
    attacks = find("objectives", spec.objective.kind).attacks
    for name in TRIO:
        wanted = {
            setting: value
            for setting, value in flatten(preset(name)).items()
            if setting.startswith("schedule.")
        }
        if name == "scheduled" and has_ramp:
            wanted = {}
        title = f"{spec.name} · {name}" if spec.name and spec.name not in TRIO else name
        made.append(
            with_settings(
                spec,
                wanted
                | {
                    "name": title,
                    "objective.kind": (spec if attacks else RunSpec()).objective.kind,
                },
            )
        )
    return made


main()
