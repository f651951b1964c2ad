"""Measure a stored run again, when its device is free, and keep what comes out with the run."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rft_core.errors import DataError, StoreError
from rft_core.files.atomic import read_json
from rft_core.files.run_files import (
    EVALUATION,
    EVALUATION_FOLDER,
    EVALUATION_KIND,
    REQUEST,
    UPLOAD,
)
from rft_core.jobs import evaluations
from rft_core.spec.run_paths import settle_paths
from rft_core.spec.run_spec import with_settings
from rft_core.spec.setting_paths import DATASET
from rft_core.store.artifacts import describe_file, record_artifacts
from rft_core.store.device_lock import choose_device, device_turn
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore

Evaluate = Callable[..., dict[str, Any]]


def request_folder(
    store: RunStore,
    run_id: str,
    wanted: Mapping[str, Any],
    picture: Path | None,
    evaluation_id: str | None,
) -> Path:
    """Return the folder of the evaluation `asked` for earlier, else that of a new one of what is
    `wanted`, with a copy of `picture`.
    """
    record, _ = _measured(store, run_id)
    if evaluation_id is not None:
        folder = evaluations.evaluation_folder(store, record.run_id, evaluation_id)
        if not (folder / REQUEST).is_file() or (folder / EVALUATION).is_file():
            raise StoreError(
                f"run {record.run_id} has no open evaluation '{evaluation_id}'; leave out --as to"
                " make a new one"
            )
        return folder
    if picture is not None and not picture.is_file():
        raise DataError(f"there is no picture '{picture}'; give the path of an image file")
    folder = evaluations.new_evaluation(
        store, record.run_id, {**wanted, "is_picture": picture is not None}
    ).folder
    if picture is not None:
        shutil.copyfile(picture, folder / UPLOAD)
    return folder


def make_evaluation(
    store: RunStore,
    run_id: str,
    folder: Path,
    evaluate_run: Evaluate,
    evaluate_picture: Evaluate,
    devices: Sequence[str],
    notify: Callable[[str], None],
) -> dict[str, Any]:
    """Return what the engine's functions, handed in, find on a run: what the request
    in `folder` asks for.

    Waits while something else has the device. The answer, or ``{"error": line}``, is written into
    `folder`, and its files are registered as artifacts of the run.
    """

    job = evaluations.job_of(folder)

    def note_progress(line: str, began: float | None = None) -> None:
        if line:
            job.note_progress(line, began)
            notify(line)

    with job.errors_answered():
        record, digest = _measured(store, run_id)
        engine = (evaluate_run, evaluate_picture)
        return _make(store, record, digest, folder, engine, devices, note_progress)


def _measured(store: RunStore, run_id: str) -> tuple[RunRecord, str]:
    """Return a run and the digest of the test images of its report; without a report it raises."""
    record = store.get(run_id)
    if record.report is None:
        raise StoreError(
            f"run {record.run_id} is {record.status} and has no report; only a run that was"
            " measured can be evaluated again"
        )
    return record, record.report["images_digest"]


def _make(
    store: RunStore,
    record: RunRecord,
    digest: str,
    folder: Path,
    engine: tuple[Evaluate, Evaluate],
    devices: Sequence[str],
    note_progress: Callable[..., None],
) -> dict[str, Any]:
    request = read_json(folder / REQUEST) or {}
    device = choose_device(store.home, record.spec.runtime.device, devices)
    # its own weights replace what it started from
    spec, note = settle_paths(record.spec, record.run_id, [DATASET])
    spec, own = with_settings(spec, {"runtime.device": device}), store.folder(record.run_id)
    wanted = {name: request.get(name) for name in ("attack", "steps", "epsilons")}
    note_progress("starting")
    note_progress(note)
    user = f"an evaluation of run {record.name}"
    with device_turn(store.home, device, user, waiting=note_progress):
        started = time.monotonic()
        wanted["notify"] = partial(note_progress, began=time.time())
        if request.get("is_picture"):
            document = engine[1](spec, own, folder, folder / UPLOAD, **wanted)
        else:
            wanted |= {
                "images": request.get("images"),
                "honesty": bool(request.get("honesty")),
                "digest": digest,
            }
            document = engine[0](spec, own, folder, **wanted)
        about = {
            "run_id": record.run_id,
            "evaluation_id": folder.name,
            "device": device,
            "made": time.time(),
        }
        document = {**about, **document, "seconds": round(time.monotonic() - started, 3)}
    evaluations.job_of(folder).answer(document)
    files = [
        folder / file.name
        for file in EVALUATION_FOLDER
        if file.kind and (folder / file.name).is_file()
    ]
    record_artifacts(
        store.engine, record.run_id, [describe_file(own, file, EVALUATION_KIND) for file in files]
    )
    return document
