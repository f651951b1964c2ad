"""What the run will cost, in time and in attacks."""

import streamlit as st

from pages.ui.shared.session import store
from pages.ui.train_form.image_count import show_uncounted
from rft_core import RunSpec, cost, format_duration, format_percent

# steps below which a run is too short to say anything of its schedule
FEW_STEPS = 50


def show_cost(spec: RunSpec) -> None:
    """Say what the run will cost, and what that rests on."""
    estimated = cost.estimate(spec, store().measured_paces(spec))
    first, second, third = st.columns(3)
    if estimated is None:
        first.metric("Time", "unknown", border=True)
        show_uncounted(spec)
        return
    saved = 1 - cost.attacked_share(spec)
    first.metric(
        "Time, about",
        format_duration(estimated.seconds),
        help=f"Estimated from {estimated.basis}.",
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
        f"{estimated.gradient_evaluations / 1000:,.0f} k",
        help=(
            "Images times steps, attacks and measurements included: the unit that does not depend"
            " on the machine."
        ),
        border=True,
    )
    known = (
        f"Estimated from {estimated.basis}."
        if estimated.seconds
        else "Time unknown: nothing like it has run here yet."
    )
    whole = (
        "The attacks left out make the whole run, measuring included,"
        f" {format_percent(1 - estimated.share_of_constant)} cheaper."
        if 0 < saved < 1
        else ""
    )
    st.caption(" ".join(part for part in (known, tracking_said(spec, estimated), whole) if part))
    show_few_steps(spec)


def tracking_said(spec: RunSpec, estimated: cost.Cost) -> str:
    """Say what part of a run measuring while it trains takes, what the bound on it leaves out, and
    where it cannot be kept.
    """
    bound = spec.evaluation.tracking_share
    allowed = f"{100 * bound:g} %"
    share = format_percent(estimated.tracking_share)
    said = f"Measuring while it trains takes about {share} of the run"
    if estimated.tracking_share > bound:
        return f"{said}: more than {allowed}, since the first and the last measurement always stay."
    most = f" (at most {allowed})" if bound < 1 else ""
    left_out = (
        f": {estimated.measurements} of {estimated.requested} measurements, to stay within it"
        if estimated.measurements < estimated.requested
        else ""
    )
    return f"{said}{most}{left_out}."


def show_few_steps(spec: RunSpec) -> None:
    """Warn of a run of so few steps that its results say little."""
    total = cost.demand(spec).total_steps
    if total is not None and total < FEW_STEPS:
        steps = "1 step" if total == 1 else f"{total} steps"
        st.warning(
            f"{steps} in all: too few to learn much. More epochs, more images or a smaller batch"
            " give more.",
            icon=":material/hourglass_bottom:",
        )
