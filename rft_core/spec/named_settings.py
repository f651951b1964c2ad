"""Some settings of a run by themselves, checked as those of a run are."""

from collections.abc import Mapping
from typing import Any

from rft_core.spec.run_spec import RunSpec, with_settings


def checked_section(name: str, settings: Mapping[str, Any]) -> Any:
    """Return the part `name` of a run's settings ("objective"), where `settings` has the names
    without that part ("beta").

    A value out of its range raises UserError with the setting's name, as does a name that no menu
    has; what is not given has a run's default.
    """
    named = {f"{name}.{setting}": value for setting, value in settings.items()}
    return getattr(with_settings(RunSpec(), named), name)
