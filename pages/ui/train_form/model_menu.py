"""The menu of backbones, with the facts of the chosen one, its memory, and whether its weights are
here.
"""

from pathlib import Path

import streamlit as st

from pages.ui.shared import lesson
from pages.ui.shared.frame import plain
from pages.ui.shared.gate import PATHS_REFUSED, closed, is_instructor
from pages.ui.shared.session import weights_of
from pages.ui.train_form.field import field
from pages.ui.train_form.form_state import ANY_TIMM, key
from rft_core import UserError, choices, find, resources, spec, units

MATCHES = 30
ALREADY_ROBUST = (
    "This backbone is already robust, so a schedule costs robustness (schedule paper, section on"
    " robust backbones). Suggested: constant, or a short ramp."
)


def model_menu() -> None:
    """Draw the menu of backbones, the search for all others, and the facts of the chosen one."""
    rows = {row.name: row for row in choices("backbones")}
    state = st.session_state
    if state[key("model.backbone")] not in (*rows, ANY_TIMM):
        state[key("model.backbone")] = ANY_TIMM
    labels = {name: _label(name, row.label) for name, row in rows.items()} | {
        ANY_TIMM: "Any timm model: search"
    }
    chosen = field(st.selectbox, "Backbone", "model.backbone", list(labels), format_func=labels.get)
    if chosen == ANY_TIMM:
        _search()
    if name := _chosen():
        _show(name, rows[name].help if name in rows else "")
        _hint_at_robust(name)


def _label(name: str, label: str) -> str:
    facts = resources.backbones.facts(name)
    return " · ".join(
        [
            label,
            *([units.format_count(facts.parameters)] if facts and facts.parameters else []),
            *([facts.tier] if facts and facts.tier else []),
        ]
    )


def _search() -> None:
    text = field(
        st.text_input,
        "Search timm",
        "model.backbone",
        key="train.backbone_search",
        placeholder="swin base 224",
        help="Words in any order, for example: vit tiny 224.",
    )
    found = resources.backbones.search(text.strip(), limit=MATCHES) if text and text.strip() else []
    if not found:
        st.session_state["train.backbone_match"] = None
        st.caption("Type part of a name; every timm image model can be fine-tuned.")
        return
    if renamed := resources.backbones.renaming(text.strip()):
        st.caption(plain(f"Note: {renamed}."))
    if st.session_state.get("train.backbone_match") not in found:
        st.session_state["train.backbone_match"] = found[0]
    more = (
        f"the first {MATCHES} matches"
        if len(found) == MATCHES
        else f"{len(found)} {'match' if len(found) == 1 else 'matches'}"
    )
    field(
        st.selectbox,
        f"Model, {more}",
        "model.backbone",
        found,
        format_func=_describe,
        key="train.backbone_match",
    )


def _describe(name: str) -> str:
    facts = resources.backbones.facts(name)
    size = [units.format_count(facts.parameters)] if facts and facts.parameters else []
    return " · ".join([name, *size, *([f"{facts.image_size} pixels"] if facts else [])])


def _chosen() -> str | None:
    name = st.session_state[key("model.backbone")]
    return st.session_state.get("train.backbone_match") if name == ANY_TIMM else name


def chosen_backbone() -> str:
    """Return the name of the chosen backbone; raises UserError while none is chosen."""
    if name := _chosen():
        return name
    wanted = st.session_state.get("train.backbone_search")
    if not wanted:
        raise UserError(
            "no backbone is chosen yet; type part of a timm name, or pick one from the menu"
        )
    near = ", ".join(resources.backbones.near_names(wanted))
    raise UserError(f"no timm model matches '{wanted}'; try fewer words, or one of {near}")


def _show(name: str, help_text: str) -> None:
    """Show what the backbone is, the memory it needs, and where its weights come from."""
    reason = weights_missing(name)
    weights = (
        f":material/cloud_off: {plain(f'Weights: {reason}.')}"
        if reason
        else plain(f"Weights: {_origin(name)}.")
    )
    lines = (help_text, " · ".join(_facts(name)), weights)
    st.caption("  \n".join(line for line in lines if line))


def _facts(name: str) -> list[str]:
    facts, state = resources.backbones.facts(name), st.session_state
    if facts is None:
        return []
    batch, size = (
        state[key("optim.batch_size")] or 1,
        state[key("data.image_size")] or facts.image_size,
    )
    memory = resources.backbones.training_memory(
        name,
        image_size=size,
        batch_size=batch,
        strategy=state[key("strategy.kind")],
        objective=state[key("objective.kind")],
    )
    parts = [f"{units.format_count(facts.parameters)} parameters"] if facts.parameters else []
    parts += [
        f"{facts.image_size} pixels",
        f"licence {facts.licence}" if facts.licence else "licence not stated",
    ]
    at = f"batch {batch}" + (f" and {size} pixels" if size != facts.image_size else "")
    # the estimate is for a run that keeps its activations
    about = "less than" if state[key("runtime.checkpoint_activations")] else "about"
    return [
        *parts,
        f"{about} {units.format_bytes(memory)} of memory at {at}" if memory else "memory unknown",
    ]


def _origin(name: str) -> str:
    state = st.session_state
    if path := (state[key("model.checkpoint")] or "").strip():
        return f"from the file {Path(path).name}"
    return (
        weights_of(name).reason if state[key("model.pretrained")] else "random, nothing is loaded"
    )


def weights_missing(name: str) -> str:
    """Return why the weights of the backbone `name` cannot be loaded, as a sentence without a full
    stop; "" if they can.
    """
    state, facts = st.session_state, resources.backbones.facts(name)
    if facts is not None and facts.refusal:
        return f"'{name}' cannot be fine-tuned, since {facts.refusal}; choose another backbone"
    if path := (state[key("model.checkpoint")] or "").strip():
        if not is_instructor():
            return PATHS_REFUSED
        return (
            ""
            if spec.is_there(spec.CHECKPOINT, path)
            else (
                f"there is no file '{path}'; give the path of a checkpoint on this machine, or"
                " leave it empty"
            )
        )
    here = weights_of(name) if state[key("model.pretrained")] else None
    return here.reason if here and not here.usable else ""


def _hint_at_robust(name: str) -> None:
    facts = resources.backbones.facts(name)
    schedule = find("schedules", st.session_state[key("schedule.kind")])
    if facts is None or not facts.is_robust or schedule.is_constant:
        return
    with st.container(border=True):
        st.caption(ALREADY_ROBUST)
        st.button(
            "Use a constant schedule",
            key="form.constant",
            on_click=_make_constant,
            icon=":material/trending_flat:",
            disabled=lesson.is_locked("schedule.kind"),
        )


def _make_constant() -> None:
    st.session_state[key("schedule.kind")] = "constant"


def checkpoint_field() -> None:
    """Draw the path of a checkpoint, for those who have their own weights."""
    options = {"help": spec.describe("model.checkpoint")} | closed(PATHS_REFUSED)
    field(
        st.text_input,
        "Checkpoint",
        "model.checkpoint",
        placeholder="/path/to/weights.safetensors",
        **options,
    )
