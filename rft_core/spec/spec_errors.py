"""What is wrong with a spec, in words that name the setting, its value and what to do."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from rft_core.errors import SettingError, UnknownNameError, UserError, printable
from rft_core.spec.sections import SettingErrorValue, UnknownNameValue

# what pydantic calls a value: "Input should be ...", "Tuple should have ..."
PYDANTIC_SUBJECT = re.compile(r"^\w+ should ")


def unknown_setting(name: str, names: Iterable[str]) -> UserError:
    """Return the error for a name that is not a setting, with the nearest of `names`."""
    near = difflib.get_close_matches(printable(name), list(names), n=1, cutoff=0.4)
    hint = f", did you mean '{near[0]}'?" if near else "; see `show ID --json` of any run for all"
    return UserError(f"unknown setting '{printable(name)}'{hint}")


def translate(error: ValidationError, settings: Mapping[str, FieldInfo]) -> UserError:
    """Return the first mistake of `error` in our words; `settings` holds dotted name -> field."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    cause = (first.get("ctx") or {}).get("error")
    if isinstance(cause, SettingErrorValue):
        return SettingError(
            ".".join(path + [cause.setting]) if "." not in cause.setting else cause.setting,
            cause.value,
            cause.rule,
        )
    if (
        first["type"] == "string_unicode"
        and len(path) < 2
        and path not in [[name] for name in settings]
    ):
        # not a value: pydantic means a name in that section
        return unknown_setting(".".join([*path, str(first["input"])]), settings)
    if first["type"] == "extra_forbidden":
        return unknown_setting(".".join(path), settings)
    if isinstance(cause, UnknownNameValue):
        return UnknownNameError(
            cause.error.kind,
            cause.error.name,
            cause.error.known,
            ".".join([*path, cause.leaf] if cause.leaf else path),
        )
    rule = first["msg"] if cause is None else str(cause).split(", got")[0]
    return _broken_rule(path, first["type"], first["input"], rule, settings)


def _broken_rule(
    path: list[str], kind: str, value: Any, rule: str, settings: Mapping[str, FieldInfo]
) -> SettingError:
    """Return the error of a setting; where it holds several values, with how to write them."""
    name, field = ".".join(path) or "spec", None
    for end in (2, 1):
        if (found := settings.get(".".join(path[:end]))) is not None and found.examples:
            name, field = ".".join(path[:end]), found
    if field is not None and kind in ("tuple_type", "missing", "too_long", "too_short"):
        is_inner = len(path) > len(name.split("."))
        rule = (
            "must be pairs of two numbers"
            if is_inner
            else "must be a list"
            if kind == "tuple_type"
            else rule
        )
    if kind == "string_unicode":
        rule = "must be text in UTF-8; write it in a terminal of that encoding"
    rule = PYDANTIC_SUBJECT.sub("must ", rule).replace(" after validation", "")
    if field is not None:
        rule = f"{rule}; write it as {' or '.join(field.examples or ())}"
    return SettingError(name, value, rule)
