"""The expected cost of a run, in time and in attacks."""

import streamlit as st

from pages.ui.shared.session import store
from pages.ui.train_form.image_count import show_uncounted
from rft_core import RunSpec, cost, format_duration, format_percent

# a run with fewer steps is too short to show the effect of its schedule
FEW_STEPS = 50


def show_cost(spec: RunSpec) -> None:
    """Show what the run will cost, and the basis of the estimate."""
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
        help="Share of training steps without an attack.",
        border=True,
    )
    third.metric(
        "Gradient evaluations",
        f"{estimated.gradient_evaluations / 1000:,.0f} k",
        help=(
            "Images times steps, attacks and measurements included: a cost that does not depend"
            " on the machine."
        ),
        border=True,
    )
    basis = (
        f"Estimated from {estimated.basis}."
        if estimated.seconds
        else "Time unknown: no similar run has trained here yet."
    )
    total_saving = (
        "Leaving out these attacks makes the whole run, measuring included,"
        " {format_percent(1 - estimated.share_of_constant)} cheaper."
        if 0 < saved < 1
        else ""
    )
    st.caption(
        " ".join(part for part in (basis, tracking_sentence(spec, estimated), total_saving) if part)
    )
    show_few_steps(spec)


def tracking_sentence(spec: RunSpec, estimated: cost.Cost) -> str:
    """Return which share of a run is spent on measuring during training, what the bound on it
    leaves out, and where the bound cannot be met.
    """
    bound = spec.evaluation.tracking_share
    allowed = f"{100 * bound:g} %"
    share = format_percent(estimated.tracking_share)
    text = f"Measuring during training takes about {share} of the run"
    if estimated.tracking_share > bound:
        return (
            f"{text}: more than {allowed}, because the first and the last measurement are always"
            " made."
        )
    most = f" (at most {allowed})" if bound < 1 else ""
    left_out = (
        f": {estimated.measurements} of {estimated.requested} measurements, to stay within it"
        if estimated.measurements < estimated.requested
        else ""
    )
    return f"{text}{most}{left_out}."


def show_few_steps(spec: RunSpec) -> None:
    """Warn if a run has so few steps that its results mean little."""
    total = cost.demand(spec).total_steps
    if total is not None and total < FEW_STEPS:
        steps = "1 step" if total == 1 else f"{total} steps"
        st.warning(
            f"{steps} in all: too few to learn much. Use more epochs, more images or a smaller"
            " batch.",
            icon=":material/hourglass_bottom:",
        )
