"""Forks: a run that begins with another run's checkpoint and trains what is left
under another schedule.
"""

import json
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, literal, or_, select, update

from rft_core.errors import SettingError, StoreError, WeightsError
from rft_core.files import run_files
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store.artifacts import list_artifacts, register_artifact, remove_folder
from rft_core.store.new_runs import insert_run, new_run_id
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore
from rft_core.store.schema import events, runs

LARGEST_HEADER = 100_000_000


def fork(store: RunStore, run_id: str, schedule: Mapping[str, Any], *, name: str = "") -> str:
    """Queue a run that goes on from the newest checkpoint of `run_id`; return its id.

    `schedule` holds dotted settings of the schedule alone, for example ``{"schedule.kind":
    "constant"}``: everything else stays the parent's, so the part trained so far is what this
    spec would have given, but for its schedule. The events and images up to the checkpoint come
    along. Raises SettingError for another setting, StoreError where there is no checkpoint or
    nothing is left to train.
    """
    parent = store.get(run_id)
    spec = _changed(parent, schedule, name)
    child, folder = new_run_id(), store.home.run_folder
    try:
        copy = _copy(folder(parent.run_id), folder(child), _checkpoint_path(store, parent))
        progress = read_progress(copy)
        _check_left(parent, progress)
        with store.engine.execution_options(writes=True).begin() as connection:
            insert_run(connection, child, spec, parent=parent.run_id, parent_step=progress["step"])
            connection.execute(
                update(runs)
                .where(runs.c.run_id == child)
                .values(step=progress["step"], total_steps=parent.total_steps)
            )
            _copy_events(connection, parent.run_id, child, progress)
    except BaseException:
        if folder(child).is_dir():
            remove_folder(folder(child))
        raise
    register_artifact(store.engine, child, folder(child), copy, run_files.CHECKPOINT_KIND)
    for path in sorted((folder(child) / run_files.EXAMPLES).glob("*.npz")):
        register_artifact(store.engine, child, folder(child), path, run_files.EXAMPLES_KIND)
    return child


def fork_step(store: RunStore, record: RunRecord) -> int | None:
    """Return the step at which a fork of this run would begin, or None where
    it cannot be forked.
    """
    try:
        progress = read_progress(
            store.home.run_folder(record.run_id) / _checkpoint_path(store, record)
        )
        _check_left(record, progress)
    except (StoreError, WeightsError):
        return None
    return progress["step"]


def read_progress(path: Path) -> dict[str, Any]:
    """Return the progress in the header of a checkpoint (safetensors); no weights are read.

    A damaged file raises WeightsError.
    """
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, LARGEST_HEADER)))
        return json.loads(header["__metadata__"]["progress"])
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise WeightsError(
            f"{path} is not a checkpoint of a run ({type(error).__name__}); resume the run to have"
            " it written again"
        ) from None


def _changed(parent: RunRecord, schedule: Mapping[str, Any], name: str) -> RunSpec:
    for setting, value in schedule.items():
        if not setting.startswith("schedule."):
            raise SettingError(
                setting,
                value,
                "cannot change in a fork, only the schedule can; launch a new run for the rest",
            )
    spec = with_settings(parent.spec, {**schedule, "name": name or f"{parent.name} · fork"[:200]})
    before, after = (
        catalog.find("schedules", settings.schedule.kind).watches_validation
        for settings in (parent.spec, spec)
    )
    if after and not before:
        raise SettingError(
            "schedule.kind",
            spec.schedule.kind,
            "needs the validation accuracies from the first epoch on, which this run did not keep;"
            " choose another",
        )
    return spec


def _checkpoint_path(store: RunStore, record: RunRecord) -> str:
    checkpoints = list_artifacts(store.engine, record.run_id, run_files.CHECKPOINT_KIND)
    if not checkpoints:
        raise StoreError(
            f"run {record.run_id} has no checkpoint yet; one is written every 20 seconds, and when"
            " it is paused"
        )
    return checkpoints[-1].path


def _check_left(record: RunRecord, progress: Mapping[str, Any]) -> None:
    if progress["step"] >= (record.total_steps or 0):
        raise StoreError(
            f"the checkpoint of run {record.run_id} stands at its last step, so nothing is left to"
            " train; pause a run on its way and fork that"
        )


def _copy(source: Path, target: Path, checkpoint: str) -> Path:
    target.mkdir(parents=True)
    if (source / run_files.EXAMPLES).is_dir():
        shutil.copytree(source / run_files.EXAMPLES, target / run_files.EXAMPLES)
    if (source / run_files.DATA).is_file():
        shutil.copyfile(source / run_files.DATA, target / run_files.DATA)
    return Path(shutil.copyfile(source / checkpoint, target / checkpoint))


def _copy_events(
    connection: Connection, parent: str, child: str, progress: Mapping[str, Any]
) -> None:
    """Copy what the checkpoint knows of: training steps before it, measurements up to
    the last one it counts.
    """
    measured = max((row["step"] for row in progress["tracked"]), default=-1)
    covered = or_(
        (events.c.kind == "train") & (events.c.step < progress["step"]),
        events.c.kind.in_(("eval", "onset", "examples", "log", "resumed"))
        & (events.c.step <= measured),
    )
    columns = [column for column in events.c if column.name != "run_id"]
    rows = select(literal(child), *columns).where(events.c.run_id == parent, covered)
    connection.execute(
        insert(events).from_select(["run_id", *(column.name for column in columns)], rows)
    )
