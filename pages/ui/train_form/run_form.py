"""The form of a run: widgets for the settings that most people change; `read_spec` returns a
RunSpec.
"""

from typing import Any

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.train_form import points_table, prefill
from pages.ui.train_form.data_domains import chosen_domains, domains_field
from pages.ui.train_form.data_menu import chosen_dataset, data_menu
from pages.ui.train_form.field import field, menu
from pages.ui.train_form.folder_check import check_folder, chosen_layout
from pages.ui.train_form.form_state import key, on_form
from pages.ui.train_form.method_fields import number_fields
from pages.ui.train_form.model_menu import checkpoint_field, chosen_backbone, model_menu
from rft_core import RunSpec, choices, find, units, with_settings


def model_and_data() -> bool:
    """Draw the card of model and data; return whether to show the data."""
    with st.container(border=True):
        st.subheader("Model and data", anchor=False)
        model_menu()
        return data_menu()


def method() -> None:
    """Draw the card with strategy, objective, norm and epsilon, unless all of it is hidden."""
    if all(lesson.is_hidden(name) for name in ("strategy", "objective", "threat")):
        return
    with st.container(border=True):
        st.subheader("Method", anchor=False)
        left, right = st.columns(2)
        with left:
            strategy = menu("strategies", "strategy.kind", "Strategy")
        with right:
            objective = menu("objectives", "objective.kind", "Objective")
        chosen = (find("strategies", strategy), find("objectives", objective))
        number_fields([name for row in chosen for name in row.settings])
        left, right = st.columns(2)
        with left:
            linf = st.session_state[key("threat.norm")] == "linf"
            label = "Target epsilon, n/255" if linf else "Target epsilon"
            most, step = (255.0, 1.0) if linf else (1000.0, 0.25)
            field(
                st.number_input,
                label,
                "threat.epsilon",
                key="train.epsilon",
                min_value=0.0,
                max_value=most,
                step=step,
                format="%g",
            )
        with right:
            field(st.segmented_control, "Norm", "threat.norm", ["linf", "l2"], required=True)


def training() -> None:
    """Draw the card with the budget, and the other settings in an expander."""
    with st.container(border=True):
        st.subheader("Training", anchor=False)
        left, middle, right = st.columns(3)
        field(left.number_input, "Epochs", "optim.epochs", min_value=1, max_value=100_000)
        field(
            middle.number_input,
            "Learning rate",
            "optim.learning_rate",
            min_value=1e-7,
            max_value=100.0,
            format="%g",
        )
        field(right.number_input, "Seed", "seed", min_value=0, max_value=2**31 - 1)
        field(st.text_input, "Name", "name", max_chars=200)
        if not (lesson.is_hidden("advanced") or lesson.lesson().is_projected):
            with st.expander("Advanced settings"):
                _advanced()


def _advanced() -> None:
    left, right = st.columns(2)
    with left:
        _number("Batch size", "optim.batch_size", 1, 65_536)
        field(
            st.selectbox,
            "Attack, training",
            "attack.kind",
            [row.name for row in choices("attacks") if not row.measures_only],
        )
        _number("Attack steps, training", "attack.steps", 1, 1000)
        field(
            st.selectbox,
            "Attack, measuring",
            "evaluation.attack",
            [row.name for row in choices("attacks")],
        )
        _number("Attack steps, measuring", "evaluation.steps", 1, 10_000)
        _number("Measurements", "evaluation.tracking", 2, 1000)
        field(
            st.number_input,
            "Share for measuring, at most",
            "evaluation.tracking_share",
            min_value=0.01,
            max_value=1.0,
            step=0.05,
            format="%g",
        )
        field(st.selectbox, "Augmentation", "data.augment", ["none", "flip", "paper"])
        field(st.toggle, "Random start", "attack.random_start")
        field(st.toggle, "Pretrained weights", "model.pretrained")
        field(st.toggle, "Corruptions", "evaluation.corruptions")
    with right:
        field(
            st.number_input,
            "Head learning rate",
            "optim.head_learning_rate",
            min_value=1e-7,
            max_value=100.0,
            format="%g",
            placeholder="as the backbone",
        )
        field(
            st.number_input,
            "Weight decay",
            "optim.weight_decay",
            min_value=0.0,
            max_value=100.0,
            format="%g",
        )
        field(
            st.number_input,
            "Warm-up share",
            "optim.warmup_fraction",
            min_value=0.0,
            max_value=1.0,
            format="%g",
        )
        _number("Training images", "data.train_size", 2, 10_000_000, placeholder="all")
        _number("Images measured live", "evaluation.eval_size", 2, 1_000_000, placeholder="all")
        _number("Image size", "data.image_size", 8, 1024, placeholder="the backbone's")
        field(st.toggle, "Recompute activations", "runtime.checkpoint_activations")
    domains_field()
    checkpoint_field()
    field(st.text_area, "Notes", "notes", height=80)


def _number(label: str, setting: str, low: int, high: int, **options: Any) -> None:
    field(st.number_input, label, setting, min_value=low, max_value=high, step=1, **options)


def read_spec(base: str) -> RunSpec:
    """Return the spec that the form describes, on top of preset `base`; raises UserError with the
    name of the setting.
    """
    state = st.session_state
    changes: dict[str, Any] = {
        setting: state[key(setting)] for setting in on_form() if key(setting) in state
    }
    for text in ("notes", "name"):
        changes[text] = changes.get(text) or ""
    changes |= {
        "model.backbone": chosen_backbone(),
        "model.checkpoint": (changes["model.checkpoint"] or "").strip() or None,
    }
    dataset = chosen_dataset()
    changes |= {
        "data.dataset": dataset,
        "data.domains": chosen_domains(),
        "data.layout": chosen_layout(dataset),
    }
    scale = units.PIXEL_LEVELS if state[key("threat.norm")] == "linf" else 1
    changes["threat.epsilon"] = (
        state["train.epsilon"] / scale if state["train.epsilon"] is not None else ""
    )
    start, end = state.get("train.ramp", (25.0, 75.0))
    changes |= {
        "schedule.ramp_start": round(start / 100, 6),
        "schedule.ramp_end": round(end / 100, 6),
    }
    if "schedule.points" in find("schedules", state[key("schedule.kind")]).settings:
        changes["schedule.points"] = points_table.read()
    spec = with_settings(prefill.starting_point(base), changes)
    check_folder(spec.data.dataset, list(spec.data.domains))
    return spec
