"""The JSON text of a spec, read strictly."""

import json
from typing import Any

from rft_core.errors import UserError, printable


def from_json(text: str) -> Any:
    """Return the content of a JSON text; raises UserError for anything that is not JSON, and for a
    setting that is named twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the spec is not JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse equal names: JSON does not define which of their values counts."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UserError(f"the spec has '{printable(name)}' twice in one place; keep one")
        found[name] = value
    return found
