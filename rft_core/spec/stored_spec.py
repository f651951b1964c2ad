"""Specs as earlier versions of this program stored them: read without losing a run or changing its
meaning.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rft_core.errors import SettingError
from rft_core.spec.run_spec import RunSpec, validate
from rft_core.spec.sections import BREAKS, LONGEST_TAG, readable
from rft_core.spec.spec_json import from_json

# a setting that a stored spec leaves out has the default of when it was written, not today's
EARLIER_DEFAULTS = MappingProxyType({"evaluation.attack": "pgd"})


def parse_stored(raw: Mapping[str, Any] | str) -> RunSpec:
    """Return the RunSpec in `raw`, which a version of this program has stored: like `parse`, but
    without refusing texts that earlier versions took.

    Characters that do not show become � or a space, a tag of more than 60 characters is cut, an
    empty tag left out; the stored text itself is not changed. Relative paths stay relative, since
    the folder they start at is not known here. A setting that is left out has the default of those
    versions (EARLIER_DEFAULTS), so that no stored number is attributed to another attack.
    """
    raw = complete_stored(from_json(raw) if isinstance(raw, str) else raw)
    try:
        return validate(raw)
    except SettingError:
        return validate(_readable(raw))


def complete_stored(raw: Any) -> Any:
    """Return a stored spec with EARLIER_DEFAULTS where it leaves a setting out;
    anything else as it is.
    """
    if not isinstance(raw, Mapping):
        return raw
    completed = dict(raw)
    for name, value in EARLIER_DEFAULTS.items():
        section, leaf = name.split(".")
        settings = completed.get(section, {})
        if isinstance(settings, Mapping):
            completed[section] = {leaf: value} | dict(settings)
    return completed


def _readable(raw: Any) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    found = {
        name: {leaf: _line(value) for leaf, value in part.items()}
        if isinstance(part, Mapping)
        else _line(part)
        for name, part in raw.items()
    }
    if isinstance(raw.get("notes"), str):
        found["notes"] = readable(raw["notes"], BREAKS)
    if isinstance(raw.get("tags"), list | tuple):
        found["tags"] = [tag for item in found["tags"] if (tag := _tag(item)) != ""]
    return found


def _line(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_line(item) if isinstance(item, str) else item for item in value]
    return readable(value) if isinstance(value, str) else value


def _tag(tag: Any) -> Any:
    if not isinstance(tag, str):
        return tag
    return tag.strip() if len(tag.strip()) <= LONGEST_TAG else f"{tag.strip()[: LONGEST_TAG - 1]}…"
