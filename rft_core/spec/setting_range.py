"""The range of a number among the settings, for drawing a control."""

from dataclasses import dataclass
from typing import get_args

from annotated_types import Ge, Gt, Le

from rft_core.spec.run_spec import RunSpec
from rft_core.spec.section_fields import fields_of


@dataclass(frozen=True)
class NumberRange:
    """The type of a number (int or float), its bounds, and whether it may be left empty.

    `low` is exclusive where `is_open` says so; a bound that is not set is None.
    """

    kind: type
    low: float | None
    high: float | None
    is_open: bool
    may_be_empty: bool


def number_range(setting: str) -> NumberRange | None:
    """Return the range of the dotted `setting`, None where it holds no single number; an unknown
    name raises KeyError.
    """
    field = fields_of(RunSpec)[setting]
    kinds = get_args(field.annotation) or (field.annotation,)
    kind = next((kind for kind in (int, float) if kind in kinds), None)
    if kind is None:
        return None
    bounds = {type(rule): rule for rule in field.metadata}
    at_least, above, at_most = bounds.get(Ge), bounds.get(Gt), bounds.get(Le)
    low = at_least.ge if at_least else above.gt if above else None
    high = at_most.le if at_most else None
    return NumberRange(kind, low, high, above is not None, type(None) in kinds)
