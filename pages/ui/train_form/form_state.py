"""The state of the form: one session value per setting, filled by a preset, kept while a widget is
not drawn.

Widget keys are "train." + the setting's name. What is not on the form keeps the preset's value.
"""

from collections.abc import Sequence

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.train_form import form_link, prefill
from rft_core import PRESETS, RunSpec, choices, errors, resources, units
from rft_core import spec as run_spec

DEFAULT_PRESET = "scheduled"
ANY_TIMM = "any timm model"
KEPT = "form.kept"
BUTTONS = ("train.launch", "train.trio")
# also on the form, each with a widget of another name
COMPOSED = (
    "data.dataset",
    "data.domains",
    "threat.epsilon",
    "schedule.ramp_start",
    "schedule.ramp_end",
    "schedule.points",
)
PLAIN = (
    "name",
    "seed",
    "model.backbone",
    "model.pretrained",
    "model.checkpoint",
    "strategy.kind",
    "objective.kind",
    "threat.norm",
    "schedule.kind",
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
    "evaluation.tracking_share",
    "evaluation.eval_size",
    "evaluation.corruptions",
    "data.train_size",
    "data.image_size",
    "data.augment",
    "data.layout",
    "runtime.checkpoint_activations",
    "notes",
)


def on_form() -> tuple[str, ...]:
    """Return the settings that have their own control, including those of single methods."""
    return (*PLAIN, *(name for name in run_spec.settings_of_methods() if name not in COMPOSED))


def key(setting: str) -> str:
    """Return the widget key of a setting."""
    return f"train.{setting}"


def choose_preset() -> str:
    """Draw the preset picker; a newly chosen preset fills the form, and so does a link."""
    names = [row.name for row in PRESETS]
    if KEPT not in st.session_state:
        st.session_state.setdefault("train.preset", DEFAULT_PRESET)
    _restore()
    came = prefill.arrived()
    if form_link.arrived():
        _adopt_link(names)
    elif came:
        _fill()
    # a link may lock without setting anything
    if strange := lesson.take_strangers():
        form_link.add_notice(
            f"there is nothing called {errors.printable(', '.join(strange))} to lock or hide"
        )
    form_link.show_notices()
    labels = {row.name: row.label for row in PRESETS}
    if not lesson.is_hidden("preset"):
        # another preset would change locked settings
        shut = bool(lesson.lesson().locked)
        st.pills(
            "Start from",
            names,
            format_func=lambda name: labels.get(name, name),
            key="train.preset",
            on_change=_choose,
            required=True,
            wrap=True,
            disabled=shut,
        )
    chosen = st.session_state["train.preset"]
    st.caption(next(row.help for row in PRESETS if row.name == chosen))
    return chosen


def _adopt_link(names: list[str]) -> None:
    """Fill the form from the address: its preset or its run, then its settings."""
    wanted = st.query_params.get("preset", st.session_state["train.preset"])
    if "from" not in st.query_params:
        prefill.forget()
    st.session_state["train.preset"] = wanted if wanted in names else DEFAULT_PRESET
    fill(
        form_link.read(
            prefill.starting_point(st.session_state["train.preset"]), (*on_form(), *COMPOSED)
        )
    )
    if wanted not in names:
        form_link.add_notice(
            f"there is no preset '{errors.printable(wanted)}'; {DEFAULT_PRESET} is used"
        )


def keep() -> None:
    """Remember every value of the form: Streamlit forgets a widget that is not drawn, on another
    page or behind a menu.
    """
    st.session_state[KEPT] = st.session_state.get(KEPT, {}) | {
        name: value
        for name, value in st.session_state.items()
        if isinstance(name, str) and name.startswith("train.") and name not in BUTTONS
    }


def _restore() -> None:
    """Restore remembered values that Streamlit has forgotten; a new form takes those of the
    preset.
    """
    if KEPT not in st.session_state:
        _fill()
        keep()
    for name, value in st.session_state[KEPT].items():
        # written even if it is there: a value that only a widget holds is lost when the widget is
        # not
        # drawn
        st.session_state[name] = st.session_state.get(name, value)


def _choose() -> None:
    """Fill the form after a preset was chosen; it no longer starts from an earlier run."""
    prefill.forget()
    form_link.forget()
    _fill()


def _fill() -> None:
    """Write the values of the chosen preset, or of the run that the page was opened
    from, into every widget.
    """
    fill(prefill.starting_point(st.session_state["train.preset"]))


def fill(spec: RunSpec) -> None:
    """Write the settings of `spec` into the form. Call it before the widgets are drawn."""
    values, state = run_spec.flatten(spec), st.session_state
    for setting in on_form():
        state[key(setting)] = values[setting]
    _fill_backbone(values["model.backbone"])
    fill_dataset(values["data.dataset"])
    state[key("data.domains")] = list(values["data.domains"])
    state["train.epsilon"] = values["threat.epsilon"] * (
        units.PIXEL_LEVELS if values["threat.norm"] == "linf" else 1
    )
    state["train.ramp"] = (100 * values["schedule.ramp_start"], 100 * values["schedule.ramp_end"])
    state["train.points"] = as_percent(values["schedule.points"])


def as_percent(points: Sequence[tuple[float, float]]) -> list[list[float]]:
    """Return points (progress, factor) as the rows of the form's table, in percent."""
    return [[round(100 * value, 4) for value in point] for point in points]


def _fill_backbone(name: str) -> None:
    name = resources.backbones.current_name(name)
    on_menu = name in [row.name for row in choices("backbones")]
    st.session_state[key("model.backbone")] = name if on_menu else ANY_TIMM
    st.session_state["train.backbone_search"] = "" if on_menu else name
    st.session_state["train.backbone_match"] = None if on_menu else name


def fill_dataset(dataset: str) -> None:
    """Write a dataset into the form: a name of the menu, or a scheme and a location."""
    scheme, colon, location = dataset.partition(":")
    st.session_state[key("data.dataset")] = scheme
    for name in run_spec.locations():
        st.session_state[location_key(name)] = (
            location if colon and scheme == name else st.session_state.get(location_key(name), "")
        )


def location_key(scheme: str) -> str:
    """Return the widget key of the location of a scheme of datasets, such as the path of a
    folder.
    """
    return f"train.{scheme}"
