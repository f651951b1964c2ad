"""What the settings of all sections are made of: kinds of values with their rules, and Section."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from rft_core.errors import UnknownNameError
from rft_core.spec import catalog
from rft_core.units import parse_epsilon


class SettingErrorValue(ValueError):
    """A cross-field rule inside a section; `parse` adds the section's name.

    Pydantic only passes ValueErrors on.
    """

    def __init__(self, setting: str, value: object, rule: str):
        super().__init__(rule)
        self.setting, self.value, self.rule = setting, value, rule


class UnknownNameValue(ValueError):
    """A name that is on no menu; `parse` adds the setting, in which it is the part `leaf` where
    pydantic does not know that.
    """

    def __init__(self, error: UnknownNameError, leaf: str = ""):
        super().__init__(str(error))
        self.error, self.leaf = error, leaf


def _epsilon(value: Any) -> float:
    if isinstance(value, (str, int, float)):
        return parse_epsilon(value)
    raise ValueError("must be a number or text such as 8/255")


def choice_of(kind: str) -> BeforeValidator:
    """Return the validator of a setting that holds a name of the menu `kind`."""

    def check(name: str) -> str:
        require_name(kind, name)
        return name

    return BeforeValidator(check)


def require_name(kind: str, name: str, leaf: str = "") -> None:
    """Raise UnknownNameValue unless `name` is on the menu `kind`."""
    try:
        catalog.find(kind, name)
    except UnknownNameError as error:
        raise UnknownNameValue(error, leaf) from None


def _one_line(text: str) -> str:
    if HIDDEN.search(text):
        raise ValueError(
            "must be plain text, without control characters or marks that turn the direction of"
            " writing"
        )
    return text


def _paragraphs(text: str) -> str:
    _one_line(re.sub(f"[{BREAKS}]", " ", text))
    return text


def readable(text: str, kept: str = "") -> str:
    """Return a stored text as a spec may contain it: of the characters of HIDDEN, those in `kept`
    remain, white space becomes a space and every other becomes �.
    """
    return HIDDEN.sub(
        lambda found: found[0] if found[0] in kept else " " if found[0].isspace() else "\ufffd",
        text,
    )


def _holds_boolean(value: Any) -> bool:
    values = [value]
    # points are lists of pairs; nothing in a spec goes deeper
    for _ in range(2):
        values = [
            inner
            for item in values
            for inner in (item if isinstance(item, (list, tuple)) else [item])
        ]
    return any(isinstance(item, bool) for item in values)


# terminals obey control characters, line ends break lists, and marks of writing direction show
# another name than is there
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# those that notes may contain
BREAKS = "\t\r\n"
Line = Annotated[str, AfterValidator(_one_line)]
LONGEST_TAG = 60
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TAG),
    AfterValidator(_one_line),
]
Paragraphs = Annotated[str, AfterValidator(_paragraphs)]
Epsilon = Annotated[float, BeforeValidator(_epsilon)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=4096)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_booleans(cls, value: Any, info: Any) -> Any:
        # pydantic would take true for 1
        if cls.model_fields[info.field_name].annotation is not bool and _holds_boolean(value):
            raise ValueError("must not be true or false")
        return value
