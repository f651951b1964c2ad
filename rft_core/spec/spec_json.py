"""The JSON text of a spec, read strictly."""

import json
from typing import Any

from rft_core.errors import UserError, printable


def from_json(text: str) -> Any:
    """Return what a JSON text says; raises UserError where it is none, or names a setting twice."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the spec is not JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON leaves open which of two equal names holds, so neither does."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UserError(f"the spec has '{printable(name)}' twice in one place; keep one")
        found[name] = value
    return found
