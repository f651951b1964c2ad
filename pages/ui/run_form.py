"""The form of a run: widgets for the settings most people change, from the catalog; returns a RunSpec.

Widget keys are "train." + the setting's name. A preset fills all of them; what is not on the form keeps the preset's value.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui import prefill
from rft_core import PRESETS, RunSpec, UserError, choices, find, with_settings
from rft_core.spec import describe, flatten
from rft_core.units import PIXEL_LEVELS

FOLDER = "folder"
DEFAULT_PRESET = "scheduled"
KEPT = "form.kept"
BUTTONS = ("train.launch", "train.trio")
ON_FORM = (
    "name",
    "seed",
    "model.backbone",
    "strategy.kind",
    "objective.kind",
    "strategy.rank",
    "strategy.alpha",
    "strategy.reduction",
    "objective.beta",
    "threat.norm",
    "schedule.kind",
    "schedule.steps",
    "optim.epochs",
    "optim.batch_size",
    "optim.learning_rate",
    "optim.head_learning_rate",
    "optim.weight_decay",
    "optim.warmup_fraction",
    "attack.kind",
    "attack.steps",
    "evaluation.attack",
    "attack.random_start",
    "evaluation.steps",
    "evaluation.tracking",
    "evaluation.eval_size",
    "data.train_size",
    "data.augment",
    "notes",
)


def key(setting: str) -> str:
    """Return the widget key of a setting."""
    return f"train.{setting}"


def choose_preset() -> str:
    """Draw the preset picker; a newly chosen preset fills the form. The choice is in the URL."""
    names = [row.name for row in PRESETS]
    if "train.preset" not in st.session_state and KEPT not in st.session_state:
        wanted = st.query_params.get("preset", DEFAULT_PRESET)
        st.session_state["train.preset"] = wanted if wanted in names else DEFAULT_PRESET
        _fill()
    _restore()
    if prefill.arrived():
        _fill()
    labels = {row.name: row.label for row in PRESETS}
    chosen = st.pills("Start from", names, format_func=labels.get, key="train.preset", on_change=_choose, required=True, wrap=True)
    st.query_params["preset"] = chosen
    st.caption(next(row.help for row in PRESETS if row.name == chosen))
    return chosen


def keep() -> None:
    """Remember every value of the form: Streamlit forgets a widget that is not drawn, on another page or behind a menu."""
    st.session_state[KEPT] = st.session_state.get(KEPT, {}) | {
        name: value for name, value in st.session_state.items() if name.startswith("train.") and name not in BUTTONS
    }


def _restore() -> None:
    """Give back remembered values that were forgotten since; a fresh form takes the preset's."""
    if KEPT not in st.session_state:
        _fill()
        keep()
    for name, value in st.session_state[KEPT].items():
        # written anew even where it is there: a value that only a widget holds goes when the widget is not drawn
        st.session_state[name] = st.session_state.get(name, value)


def _choose() -> None:
    """A preset was chosen: an earlier run is no longer what the form starts from."""
    prefill.forget()
    _fill()


def _fill() -> None:
    """Write the chosen preset's values into every widget."""
    values = flatten(prefill.starting_point(st.session_state["train.preset"]))
    state = st.session_state
    for setting in ON_FORM:
        state[key(setting)] = values[setting]
    dataset = values["data.dataset"]
    state[key("data.dataset")] = FOLDER if dataset.startswith("folder:") else dataset
    state["train.folder"] = dataset.removeprefix("folder:") if dataset.startswith("folder:") else ""
    state["train.epsilon"] = values["threat.epsilon"] * (PIXEL_LEVELS if values["threat.norm"] == "linf" else 1)
    state["train.ramp"] = (100 * values["schedule.ramp_start"], 100 * values["schedule.ramp_end"])
    state["train.points"] = "; ".join(f"{100 * place:g}:{100 * factor:g}" for place, factor in values["schedule.points"])


def model_and_data() -> None:
    """Draw the card that says what is fine-tuned on what."""
    with st.container(border=True):
        st.subheader("Model and data", anchor=False)
        _menu("backbones", "model.backbone", "Backbone", accept_new=True)
        _menu("datasets", "data.dataset", "Dataset")
        if st.session_state[key("data.dataset")] == FOLDER:
            st.text_input("Folder", key="train.folder", placeholder="/path/to/images", help="One folder of images a class, or train/ and test/ of them.")


def method() -> None:
    """Draw the card with strategy, objective, norm and epsilon."""
    with st.container(border=True):
        st.subheader("Method", anchor=False)
        left, right = st.columns(2)
        with left:
            strategy = _menu("strategies", "strategy.kind", "Strategy")
        with right:
            objective = _menu("objectives", "objective.kind", "Objective")
        _parameters_of(strategy, objective)
        left, right = st.columns(2)
        with left:
            linf = st.session_state[key("threat.norm")] == "linf"
            label = "Target epsilon, n/255" if linf else "Target epsilon"
            st.number_input(
                label,
                min_value=0.0,
                max_value=255.0 if linf else 1000.0,
                step=1.0 if linf else 0.25,
                format="%g",
                key="train.epsilon",
                help=describe("threat.epsilon"),
            )
        with right:
            st.segmented_control("Norm", ["linf", "l2"], key=key("threat.norm"), required=True, help=describe("threat.norm"))


def _parameters_of(strategy: str, objective: str) -> None:
    """Draw the parameters that only the chosen strategy and objective have."""
    left, right = st.columns(2)
    if strategy == "lora":
        with left:
            _number("Rank", "strategy.rank", 1, 4096)
        right.number_input("Alpha", min_value=0.01, max_value=100_000.0, format="%g", key=key("strategy.alpha"), help=describe("strategy.alpha"))
    if strategy in ("adapter", "compacter"):
        with left:
            _number("Reduction", "strategy.reduction", 1, 4096, placeholder="the paper's")
    if objective in ("trades", "mart", "score", "anchored"):
        right.number_input(
            "Beta", min_value=0.0, max_value=1000.0, format="%g", key=key("objective.beta"), placeholder="its own default", help=describe("objective.beta")
        )


def schedule() -> None:
    """Draw the card with the schedule and the parameters that its kind has."""
    with st.container(border=True):
        st.subheader("Epsilon schedule", anchor=False)
        kind = _menu("schedules", "schedule.kind", "Kind")
        if kind in ("two_hinge", "cosine", "step"):
            st.slider(
                "Ramp, % of training",
                0.0,
                100.0,
                step=1.0,
                format="%g",
                key="train.ramp",
                help="Epsilon is 0 before the ramp and at its target after it (the paper's T1 and T2).",
            )
        if kind == "step":
            st.number_input("Jumps", min_value=1, max_value=1000, key=key("schedule.steps"), help=describe("schedule.steps"))
        if kind == "custom":
            st.text_input("Points, progress %:epsilon %", key="train.points", help="For example 0:0; 30:0; 60:100; 100:100. Straight lines between them.")


def training() -> None:
    """Draw the card with the budget, and the rest folded."""
    with st.container(border=True):
        st.subheader("Training", anchor=False)
        left, middle, right = st.columns(3)
        left.number_input("Epochs", min_value=1, max_value=100_000, key=key("optim.epochs"), help=describe("optim.epochs"))
        middle.number_input("Learning rate", min_value=1e-7, max_value=100.0, format="%g", key=key("optim.learning_rate"), help=describe("optim.learning_rate"))
        right.number_input("Seed", min_value=0, max_value=2**31 - 1, key=key("seed"), help=describe("seed"))
        st.text_input("Name", key=key("name"), max_chars=200, help=describe("name"))
        with st.expander("Advanced settings"):
            _advanced()


def _advanced() -> None:
    left, right = st.columns(2)
    with left:
        _number("Batch size", "optim.batch_size", 1, 65_536)
        st.selectbox("Attack, training", [row.name for row in choices("attacks") if row.walk], key=key("attack.kind"), help=describe("attack.kind"))
        _number("Attack steps, training", "attack.steps", 1, 1000)
        st.selectbox("Attack, measuring", [row.name for row in choices("attacks")], key=key("evaluation.attack"), help=describe("evaluation.attack"))
        _number("Attack steps, measuring", "evaluation.steps", 1, 10_000)
        _number("Measurements", "evaluation.tracking", 2, 1000)
        st.selectbox("Augmentation", ["none", "flip", "paper"], key=key("data.augment"), help=describe("data.augment"))
        st.toggle("Random start", key=key("attack.random_start"), help=describe("attack.random_start"))
    with right:
        st.number_input(
            "Head learning rate",
            min_value=1e-7,
            max_value=100.0,
            format="%g",
            key=key("optim.head_learning_rate"),
            placeholder="as the backbone",
            help=describe("optim.head_learning_rate"),
        )
        st.number_input("Weight decay", min_value=0.0, max_value=100.0, format="%g", key=key("optim.weight_decay"), help=describe("optim.weight_decay"))
        st.number_input("Warm-up share", min_value=0.0, max_value=1.0, format="%g", key=key("optim.warmup_fraction"), help=describe("optim.warmup_fraction"))
        _number("Training images", "data.train_size", 2, 10_000_000, placeholder="all")
        _number("Images measured live", "evaluation.eval_size", 2, 1_000_000, placeholder="all")
    st.text_area("Notes", key=key("notes"), height=80)


def _number(label: str, setting: str, low: int, high: int, **options: Any) -> None:
    st.number_input(label, min_value=low, max_value=high, step=1, key=key(setting), help=describe(setting), **options)


def _menu(kind: str, setting: str, label: str, accept_new: bool = False) -> str:
    rows = choices(kind)
    labels = {row.name: row.label for row in rows}
    names = list(labels)
    current = st.session_state[key(setting)]
    if accept_new and current not in names:
        names.append(current)
    extra = " Any timm name may be typed." if accept_new else ""
    chosen = st.selectbox(
        label, names, format_func=lambda name: labels.get(name, name), key=key(setting), accept_new_options=accept_new, help=describe(setting) + extra
    )
    if chosen in labels:
        st.caption(find(kind, chosen).help)
    return chosen


def read_spec(base: str) -> RunSpec:
    """Return the spec that the form describes, on top of preset `base`; a mistake raises with the setting's name."""
    state = st.session_state
    changes: dict[str, Any] = {setting: state[key(setting)] for setting in ON_FORM if key(setting) in state}
    for text in ("notes", "name"):
        changes[text] = changes.get(text) or ""
    dataset = state[key("data.dataset")]
    folder = state["train.folder"].strip()
    if dataset == FOLDER and folder and not Path(folder).expanduser().is_dir():
        raise UserError(f"there is no folder '{folder}' on this machine; give the path of a folder with one folder of images a class")
    changes["data.dataset"] = f"folder:{folder}" if dataset == FOLDER else dataset
    scale = PIXEL_LEVELS if state[key("threat.norm")] == "linf" else 1
    changes["threat.epsilon"] = state["train.epsilon"] / scale if state["train.epsilon"] is not None else ""
    start, end = state.get("train.ramp", (25.0, 75.0))
    changes |= {"schedule.ramp_start": round(start / 100, 6), "schedule.ramp_end": round(end / 100, 6)}
    if state[key("schedule.kind")] == "custom":
        changes["schedule.points"] = _points(state["train.points"])
    return with_settings(prefill.starting_point(base), changes)


def _points(text: str) -> Any:
    try:
        return [[float(number) / 100 for number in pair.split(":")] for pair in text.split(";") if pair.strip()]
    except ValueError:
        return text
