"""The command that runs a spec again, in the short form where it is short."""

import json
import shlex
from typing import Any

from rft_core.spec.presets import PRESETS
from rft_core.spec.run_spec import RunSpec, flatten
from rft_core.units import format_epsilon, parse_epsilon

RUN = "python -m rft_core run"
MOST_SETTINGS = 8
# what does not decide a run's numbers and would make a command long
IGNORED = ("notes", "tags")


def spec_command(file_name: str = "spec.json") -> str:
    """Return the command that runs the spec kept in a file."""
    return f"{RUN} --spec {shlex.quote(file_name)}"


def short_command(spec: RunSpec) -> str | None:
    """Return the command with --preset and --set that gives `spec` (but for notes and tags) again,
    or None where it takes more than 8 settings.
    """
    wanted = flatten(spec)
    starts = [("", RunSpec()), *((f" --preset {row.name}", row.build()) for row in PRESETS)]
    start, changes = min(
        ((start, _changes(flatten(base), wanted)) for start, base in starts),
        key=lambda candidate: len(candidate[1]),
    )
    if len(changes) > MOST_SETTINGS:
        return None
    return (
        RUN
        + start
        + "".join(
            f" --set {shlex.quote(f'{name}={_text(name, value)}')}"
            for name, value in changes.items()
        )
    )


def _changes(base: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in wanted.items() if name not in IGNORED and value != base[name]
    }


def _text(name: str, value: Any) -> str:
    """Return a value as --set reads it: JSON, or the bare text where that is not JSON itself."""
    if name == "threat.epsilon" and parse_epsilon(format_epsilon(value)) == value:
        return format_epsilon(value)
    if not isinstance(value, str):
        return json.dumps(value)
    return json.dumps(value) if not value or value != value.strip() or _is_json(value) else value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
