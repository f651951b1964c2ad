"""Change where the data or the weights of a stored run lie, after checking that they are the
same.
"""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rft_core.errors import SettingError, StoreError, UserError
from rft_core.files.home import CHECKOUT
from rft_core.spec.run_paths import require_paths
from rft_core.spec.run_spec import RunSpec, path_settings, with_settings
from rft_core.spec.setting_paths import (
    PATH_SETTINGS,
    absolute_value,
    comparable_value,
    path_forms,
    path_in,
)
from rft_core.store.detached import command_line, environment_of
from rft_core.store.paths import write_paths
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore

# (spec, folder of the run, digest of its test images where it was measured) -> what was compared
Compare = Callable[[RunSpec, Path, str | None], str]
ALL_RUNS = 10**9


def relocate(
    store: RunStore, run_id: str, settings: Mapping[str, Any], compare: Compare
) -> dict[str, Any]:
    """Store other paths of a run; return {"run_id", "settings", "compared", "others"}.

    `settings` maps data.dataset or model.checkpoint to a new path. `compare` (the engine's, handed
    in) reads the images there and raises where they are not the run's own; nothing is changed then.
    `others` are the ids of runs that still have a path that was replaced here.
    """
    record = store.get(run_id)
    if record.is_active:
        raise StoreError(
            f"run {record.run_id} is {record.status}; pause or stop it before its paths change"
        )
    _check(record, settings)
    spec = with_settings(record.spec, settings)
    require_paths(spec)
    digest = (record.report or {}).get("images_digest")
    compared = (
        compare(spec, store.home.run_folder(record.run_id), digest)
        if "data.dataset" in settings
        else ""
    )
    write_paths(store.engine, record.run_id, settings)
    stored_paths = {name: path_settings(spec)[name] for name in settings}
    others = _others(store, record, settings)
    return {
        "run_id": record.run_id,
        "settings": stored_paths,
        "compared": compared,
        "others": others,
    }


def relocate_apart(store: RunStore, run_id: str, setting: str, value: str) -> dict[str, Any]:
    """Do `relocate` in a process of its own, which reads the images; wait for it and return its
    answer, or raise its mistake.
    """
    text = f"{setting}={json.dumps(absolute_value(setting, value))}"
    done = subprocess.run(
        command_line(["relocate", run_id, text, "--json"]),
        cwd=CHECKOUT,
        env=environment_of(store.home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return json.loads(done.stdout)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    raise UserError(lines[-1].removeprefix("error: ") if lines else "the images could not be read")


def _check(record: RunRecord, settings: Mapping[str, Any]) -> None:
    if not settings:
        raise UserError("no setting is named; write for example data.dataset=folder:/where/it/is")
    stored = path_settings(record.spec)
    for name, value in settings.items():
        if name not in PATH_SETTINGS:
            hint = f"only {' and '.join(PATH_SETTINGS)} can; launch a new run for the rest"
            raise SettingError(name, value, f"cannot change in a stored run; {hint}")
        if path_in(name, stored[name]) is None:
            rule = f"cannot change in this run, where it is {stored[name]!r} and not a path"
            raise SettingError(name, value, f"{rule}; launch a new run for other data")
        if path_in(name, value) is None:
            form = path_forms() if name == "data.dataset" else "a path"
            raise SettingError(name, value, f"must be {form} here; say where the same data lie now")


def _others(store: RunStore, record: RunRecord, settings: Mapping[str, Any]) -> list[str]:
    """Return the ids of other runs that have one of the values which were replaced."""
    old = {name: comparable_value(name, path_settings(record.spec)[name]) for name in settings}
    return [
        other.run_id
        for other in store.records(limit=ALL_RUNS)
        if other.run_id != record.run_id
        and any(
            comparable_value(name, path_settings(other.spec)[name]) == old[name] for name in old
        )
    ]
