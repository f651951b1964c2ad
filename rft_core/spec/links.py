"""A run's settings as the short texts of a link, `optim.epochs:10`, and back."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rft_core.errors import UserError, printable
from rft_core.spec.run_spec import RunSpec, flatten, portable_spec, with_settings
from rft_core.units import format_epsilon

MOST_ITEMS = 100
EPSILON = "threat.epsilon"


def link_items(spec: RunSpec, base: RunSpec) -> list[str]:
    """Return what differs between `spec` and `base`, one "setting:value" each, in
    the order of the form.

    Paths below this user's home folder begin with ~: a link is passed on, and leads every
    reader to their own.
    """
    ours, theirs = flatten(portable_spec(spec)), flatten(portable_spec(base))
    return [
        f"{name}:{_text(name, value, spec)}"
        for name, value in ours.items()
        if not _is_same(value, theirs[name])
    ]


def read_items(
    items: Sequence[str],
    base: RunSpec,
    offered: Collection[str],
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[RunSpec, list[str]]:
    """Return `base` with the items of a link, and one sentence for each that could
    not be taken as it is.

    `offered` are the settings a link may name; a value outside its `ranges` (low, high) is taken to
    the nearer end. An item that only fits after another one (a large epsilon, and the norm l2) is
    taken whatever their order is.
    """
    notices = (
        [f"the link has {len(items)} settings; the first {MOST_ITEMS} are read"]
        if len(items) > MOST_ITEMS
        else []
    )
    pending = []
    for item in items[:MOST_ITEMS]:
        name, colon, text = item.partition(":")
        if not colon or name not in offered:
            notices.append(f"'{printable(item)}' is not a setting of this form; it is left out")
            continue
        value, note = _clamped(name, _value(text), (ranges or {}).get(name))
        notices += [note] if note else []
        pending.append((name, value))
    spec, refused = _apply(pending, base)
    return spec, notices + refused


def _apply(pending: list[tuple[str, Any]], spec: RunSpec) -> tuple[RunSpec, list[str]]:
    while pending:
        refused = []
        for name, value in pending:
            try:
                spec = with_settings(spec, {name: value})
            except UserError as error:
                refused.append((name, value, str(error)))
        if len(refused) == len(pending):
            return spec, [f"{reason}; it stays as it was" for _, _, reason in refused]
        pending = [(name, value) for name, value, _ in refused]
    return spec, []


def _clamped(name: str, value: Any, limits: tuple[float, float] | None) -> tuple[Any, str]:
    # NaN and the infinities are refused later, by the setting itself; a whole number may be
    # too large for a float
    if (
        limits is None
        or isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        return value, ""
    nearest = min(max(value, limits[0]), limits[1])
    return (
        nearest,
        (
            ""
            if nearest == value
            else (
                f"{name} {printable(str(value))} is outside what the form offers; {nearest:g} is"
                " taken"
            )
        ),
    )


def _text(name: str, value: Any, spec: RunSpec) -> str:
    if value is None:
        return ""
    if name == EPSILON:
        return format_epsilon(value, spec.threat.norm)
    # text that reads as something else, such as a name "10", is quoted
    if isinstance(value, str) and _value(value) == value:
        return value
    return json.dumps(value, separators=(",", ":"))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text or None


def _is_same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12)
    return ours == theirs
