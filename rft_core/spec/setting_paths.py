"""Paths among the settings of a run: made absolute where a person writes them, looked for
where they are used.

A stored spec holds absolute paths, so that a worker, a resumed run or an evaluation that starts
in another folder finds them. What goes to other people (links, bundles) has this user's home
folder written as ~.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rft_core.errors import SettingError
from rft_core.spec import catalog

DATASET, CHECKPOINT = "data.dataset", "model.checkpoint"
PATH_SETTINGS = (DATASET, CHECKPOINT)


def path_in(setting: str, value: Any) -> str | None:
    """Return the path that `value` of the dotted `setting` holds; None where it holds none."""
    if setting not in PATH_SETTINGS or not isinstance(value, str):
        return None
    if setting == CHECKPOINT:
        return value if value.strip() else None
    scheme, _, path = value.partition(":")
    location = catalog.locations().get(scheme)
    return path if location is not None and location.path_kinds and path.strip() else None


def absolute_value(setting: str, value: Any) -> Any:
    """Return `value` with its path absolute and ~ expanded, seen from the current folder.

    Values without a path come back as they are. Raises SettingError where no such path exists.
    """
    path = path_in(setting, value)
    return value if path is None else _with_path(setting, value, _absolute(setting, value, path))


def portable_value(setting: str, value: Any) -> Any:
    """Return `value` with this user's home folder written as ~, which every reader of a spec
    understands.
    """
    path, home = path_in(setting, value), str(Path.home())
    if path is None or home == Path.home().anchor:
        return value
    if path != home and not path.startswith(home + os.sep):
        return value
    return _with_path(setting, value, "~" + path[len(home) :])


def comparable_value(setting: str, value: Any) -> Any:
    """Return `value` such that two ways to write one path are equal; a relative path stays
    relative.
    """
    path = path_in(setting, value)
    if path is None:
        return value
    return _with_path(setting, value, os.path.normpath(os.path.expanduser(path)))


def path_forms() -> str:
    """Return how data on this machine are named: "folder:PATH or csv:PATH"."""
    return " or ".join(
        f"{scheme}:PATH" for scheme, location in catalog.locations().items() if location.path_kinds
    )


def is_relative(setting: str, value: Any) -> bool:
    """Return whether `value` holds a path that depends on the folder a program is started in."""
    path = path_in(setting, value)
    return path is not None and not os.path.isabs(os.path.expanduser(path))


def is_there(setting: str, value: Any) -> bool:
    """Return whether the path in `value` leads to something here; True where it holds no path."""
    path = path_in(setting, value)
    return path is None or os.path.exists(os.path.expanduser(path))


def missing_message(setting: str, value: str) -> str:
    """Return the message that the path in `value` leads nowhere, for a run not stored yet."""
    return f"{_found_nothing(setting, value)}; write the path of one that is there"


def gone_message(setting: str, value: str, run_id: str) -> str:
    """Return the message that the path of a stored run leads nowhere, and how to change it."""
    scheme = f"{value.partition(':')[0]}:" if setting == DATASET else ""
    command = f"python -m rft_core relocate {run_id} {setting}={scheme}PATH"
    found = _found_nothing(setting, value)
    return f"{found}; bring it back, or say where it is now: {command}"


def gone_messages(settings: Mapping[str, Any], run_id: str) -> list[str]:
    """Return a message for each of `settings` (dotted name -> value) whose path leads nowhere."""
    return [
        gone_message(name, value, run_id)
        for name, value in settings.items()
        if not is_there(name, value)
    ]


def _found_nothing(setting: str, value: str) -> str:
    path = path_in(setting, value) or ""
    location = catalog.locations().get(value.partition(":")[0]) if setting == DATASET else None
    kind = "file" if location is None else " or ".join(location.path_kinds)
    where = f" below {_current_folder()}" if is_relative(setting, value) else ""
    return f"{setting} is '{value}', and there is no {kind} '{path}'{where}"


def _with_path(setting: str, value: str, path: str) -> str:
    return path if setting == CHECKPOINT else f"{value.partition(':')[0]}:{path}"


def _absolute(setting: str, value: str, path: str) -> str:
    expanded = os.path.expanduser(path)
    if expanded.startswith("~") and not os.path.exists(expanded):
        name = expanded.split("/")[0]
        raise SettingError(
            setting,
            value,
            f"begins with {name}, and there is no such user here; write the whole path",
        )
    try:
        # the target of .. depends on links, so only the file system knows it
        is_winding = ".." in Path(expanded).parts
        return os.path.realpath(expanded) if is_winding else os.path.abspath(expanded)
    except FileNotFoundError:
        rule = "is a relative path, and the current folder is gone; write the whole path"
        raise SettingError(setting, value, rule) from None


def _current_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "a folder that is gone"
