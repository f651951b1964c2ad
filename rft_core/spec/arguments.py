"""What was typed on the command line, as a spec."""

import json
from pathlib import Path
from typing import Any

from rft_core.errors import UserError
from rft_core.spec import list_settings, presets
from rft_core.spec.run_spec import RunSpec, parse, with_settings
from rft_core.spec.stored_spec import complete_stored


def build_spec(preset: str | None, spec_file: Path | None, settings: list[str] | None) -> RunSpec:
    """Return the spec that --preset or --spec and any --set describe."""
    if preset and spec_file:
        raise UserError("--preset and --spec are two starting points; give one of them")
    if spec_file and not spec_file.is_file():
        raise UserError(f"there is no spec file '{spec_file}'; write one with `show ID --json`")
    spec = _read(spec_file) if spec_file else presets.preset(preset) if preset else RunSpec()
    return with_settings(spec, split_settings(settings))


def split_settings(settings: list[str] | None) -> dict[str, Any]:
    """Return what the options --set name=value say: setting -> value, read as
    JSON where it is JSON.
    """
    return dict(split_setting(text) for text in settings or [])


def split_setting(text: str) -> tuple[str, Any]:
    """Return the setting and the value in "name=value"; no value after the sign is None."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(
            f"--set {text} has no value; write --set name=value, for example --set optim.epochs=3"
        )
    try:
        return name.strip(), json.loads(value)
    except (ValueError, RecursionError):
        return name.strip(), value.strip() or None


def split_epsilons(text: str) -> list[float]:
    """Return the epsilons in "0,4/255,8/255", in pixel scale."""
    try:
        return list(list_settings.split_epsilons(text))
    except ValueError as error:
        raise UserError(f"--epsilons {error}; write them as 0,4/255,8/255") from None


def _read(spec_file: Path) -> RunSpec:
    """Return the spec in a file: a spec alone, or what `show --json` printed."""
    try:
        raw = json.loads(spec_file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"the spec file '{spec_file}' is not JSON: {error}") from None
    is_of_a_run = isinstance(raw, dict) and isinstance(raw.get("spec"), dict)
    return parse(complete_stored(raw["spec"]) if is_of_a_run else raw)
