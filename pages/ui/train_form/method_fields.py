"""The settings that only the chosen strategy, objective or schedule has, from its catalog row."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import streamlit as st

from pages.ui.train_form.field import field
from rft_core import spec

# labels that cannot be made from the name of the setting
LABELS = MappingProxyType(
    {
        "schedule.steps": "Jumps",
        "schedule.patience": "Patience, epochs",
        "schedule.tolerance": "Tolerance, share",
        "objective.clip": "Free distance",
    }
)
PLACEHOLDERS = MappingProxyType({"strategy.reduction": "the paper's"})
SMALLEST = 0.01


def number_fields(settings: Sequence[str]) -> None:
    """Draw those of the dotted `settings` that are numbers, two per row; the others have controls
    elsewhere.
    """
    numbers = {name: limits for name in settings if (limits := spec.number_range(name)) is not None}
    if not numbers:
        return
    columns = st.columns(2)
    for number, (name, limits) in enumerate(numbers.items()):
        with columns[number % 2]:
            field(st.number_input, label(name), name, **_options(name, limits))


def label(setting: str) -> str:
    """Return the label of the control of a dotted setting."""
    words = setting.rpartition(".")[2].replace("_", " ")
    return LABELS.get(setting, words[:1].upper() + words[1:])


def _options(setting: str, limits: spec.NumberRange) -> dict[str, Any]:
    low = None if limits.low is None else limits.kind(limits.low)
    if low is not None and limits.is_open:
        low += 1 if limits.kind is int else SMALLEST
    options: dict[str, Any] = {
        "min_value": low,
        "max_value": None if limits.high is None else limits.kind(limits.high),
        "step": 1 if limits.kind is int else SMALLEST,
    }
    if limits.kind is float:
        options["format"] = "%g"
    if limits.may_be_empty:
        options["placeholder"] = PLACEHOLDERS.get(setting, "its own default")
    return options
