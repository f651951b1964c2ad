"""Where the data and the weights of a run lie: checked before they are used, so that the message
names the setting and says what to do.
"""

from collections.abc import Iterable

from rft_core.errors import DataError
from rft_core.spec.run_spec import RunSpec, absolute_spec, path_settings
from rft_core.spec.setting_paths import (
    PATH_SETTINGS,
    gone_messages,
    is_relative,
    is_there,
    missing_message,
)


def gone_settings(spec: RunSpec, names: Iterable[str] = PATH_SETTINGS) -> dict[str, str]:
    """Return those of the settings `names` (dotted name -> value) whose path leads nowhere here."""
    return {
        name: value for name, value in _chosen(spec, names).items() if not is_there(name, value)
    }


def gone_paths(spec: RunSpec, run_id: str, names: Iterable[str] = PATH_SETTINGS) -> list[str]:
    """Return a message for each of the settings `names` of a stored run whose path leads nowhere
    here.
    """
    return gone_messages(_chosen(spec, names), run_id)


def settle_paths(
    spec: RunSpec, run_id: str, names: Iterable[str] = PATH_SETTINGS
) -> tuple[RunSpec, str]:
    """Return a stored spec with the paths of the settings `names` absolute, and a note
    where one was relative.

    Specs that earlier versions stored may hold relative paths; they are seen from the current
    folder. Raises DataError where a path leads nowhere.
    """
    settings = _chosen(spec, names)
    if gone := gone_messages(settings, run_id):
        raise DataError(" ".join(gone))
    settled = absolute_spec(spec, settings)
    after = path_settings(settled)
    notes = [
        f"{name} was the relative path '{value}', taken as '{after[name]}'"
        for name, value in settings.items()
        if is_relative(name, value)
    ]
    return settled, "; ".join(notes)


def require_paths(spec: RunSpec) -> None:
    """Raise DataError where a path of a new run leads nowhere here."""
    for name, value in path_settings(spec).items():
        if not is_there(name, value):
            raise DataError(missing_message(name, value))


def _chosen(spec: RunSpec, names: Iterable[str]) -> dict[str, str]:
    return {name: value for name, value in path_settings(spec).items() if name in names}
