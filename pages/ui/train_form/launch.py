"""The two ways to launch: one run, or the trio."""

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.shared.frame import mistakes_shown, plain
from pages.ui.shared.gate import REFUSED, launch_caption, launching, may_launch
from pages.ui.shared.session import store
from pages.ui.train_form.model_menu import weights_missing
from rft_core import RunSpec, cost, find, preset, submit, with_settings
from rft_core import spec as run_spec

TRIO = ("standard", "fixed", "scheduled")


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
                help="Three runs with these settings that differ only in their schedule.",
            )
    if missing:
        st.warning(plain(f"Cannot be launched: {missing}."), icon=":material/block:")
    st.caption(
        "Runs train one after the other on this machine and continue when this page is closed."
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
    with the default ramp if its own is one of the other two.
    """
    made = []
    has_ramp = 0 < cost.demand(spec).mean_factor < 1
    attacks = find("objectives", spec.objective.kind).attacks
    for name in TRIO:
        wanted = {
            setting: value
            for setting, value in run_spec.flatten(preset(name)).items()
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
