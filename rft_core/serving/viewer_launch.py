"""Runs that viewers launch: checked against the limits on the server, before anything is queued."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from rft_core.errors import SettingError, UserError
from rft_core.files.home import Home
from rft_core.serving.launch_limits import GIGABYTE, LaunchLimits
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec
from rft_core.store.launches import Launch, read_launch, write_launch
from rft_core.store.run_store import RunStore
from rft_core.store.status import MOVING

MANY = 10**6


def launch_for_viewer(
    store: RunStore,
    specs: Sequence[RunSpec],
    viewer: str,
    limits: LaunchLimits,
    submit: Callable[[RunStore, RunSpec], str],
) -> list[str]:
    """Submit `specs` for `viewer` (any text that is theirs alone) and return their ids; where one
    passes a limit, none is submitted.

    Raises UserError naming the limit, the value and the way out.
    """
    name = hashlib.sha256(viewer.encode()).hexdigest()[:16]
    for spec in specs:
        check_spec(store.home, spec, limits)
    # two tabs of one viewer must not both see room for one more
    with FileLock(store.home.root / "launch.lock"):
        _check_queue(store, name, len(specs), limits)
        _check_disk(store.home, limits)
        return [_submit(store, spec, Launch(name, limits.minutes), submit) for spec in specs]


def check_spec(home: Home, spec: RunSpec, limits: LaunchLimits) -> None:
    """Raise where `spec` names a path of this machine or data of the network, or more images than
    a viewer's run may use.
    """
    scheme, colon, path = spec.data.dataset.partition(":")
    is_upload = scheme == "folder" and Path(path).resolve().parent == home.uploads.resolve()
    if colon and not is_upload:
        raise SettingError(
            "data.dataset",
            spec.data.dataset,
            "names a place, which only the instructor may; choose data from the menu",
        )
    if spec.model.checkpoint is not None:
        raise SettingError(
            "model.checkpoint",
            spec.model.checkpoint,
            "names a place, which only the instructor may; leave it empty",
        )
    if spec.model.backbone not in [row.name for row in catalog.choices("backbones")]:
        raise SettingError(
            "model.backbone",
            spec.model.backbone,
            "is not on the menu, and only the instructor may use another; choose one from the menu",
        )
    if limits.images is None:
        return
    train = _counted_images(spec, "train", "data.train_size", limits.images)
    test = _counted_images(spec, "test", "data.eval_size", limits.images)
    if train + test > limits.images:
        raise SettingError(
            "data.train_size",
            train,
            f"and data.eval_size = {test} are {train + test:,} images, above the limit of"
            f" {limits.images:,} a run (--limit-images); lower them, or ask the instructor to"
            " launch it",
        )


def _counted_images(spec: RunSpec, split: str, setting: str, limit: int) -> int:
    """Return how many images of a split a run uses; raises where that is known only after loading,
    naming the dotted `setting` of their number.
    """
    size = spec.data.train_size if setting == "data.train_size" else spec.data.eval_size
    available = (
        None
        if ":" in spec.data.dataset
        else catalog.find("datasets", spec.data.dataset).facts.get(split)
    )
    count = min(available, size) if available and size else available or size
    if count is None:
        raise SettingError(
            setting,
            None,
            f"must be set where viewers may use {limit:,} images a run (--limit-images); write a"
            " number, or ask the instructor to launch it",
        )
    return count


def _check_queue(store: RunStore, viewer: str, more: int, limits: LaunchLimits) -> None:
    if limits.queued is None:
        return
    moving = store.records(MOVING, limit=MANY)
    own = sum(
        (launch := read_launch(store.home.run_folder(record.run_id))) is not None
        and launch.viewer == viewer
        for record in moving
    )
    if own + more > limits.queued:
        raise UserError(
            f"you have {own} runs waiting or at work and ask for {more} more, above the limit of"
            f" {limits.queued} (--limit-queued); wait until one is done, or ask the instructor to"
            " launch it"
        )


def _check_disk(home: Home, limits: LaunchLimits) -> None:
    if limits.disk is None:
        return
    used = home_bytes(home)
    if used >= limits.disk * GIGABYTE:
        raise UserError(
            f"runs and data here hold {used / GIGABYTE:.2f} GB, and the limit is {limits.disk:g} GB"
            " (--limit-disk), so that no run can be launched; those launched before go on. Ask the"
            " instructor to delete some runs"
        )


def home_bytes(home: Home) -> int:
    """Return the bytes of all files of a home; a link counts as nothing, and what
    goes away meanwhile too.
    """
    total = 0
    for folder, _, names in os.walk(home.root):
        for name in names:
            try:
                found = os.lstat(os.path.join(folder, name))
            except OSError:
                continue
            total += found.st_size
    return total


def _submit(
    store: RunStore, spec: RunSpec, launch: Launch, submit: Callable[[RunStore, RunSpec], str]
) -> str:
    run_id = submit(store, spec)
    write_launch(store.home.run_folder(run_id), launch)
    return run_id
