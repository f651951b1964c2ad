"""Evaluations of runs: asked for by a page, made by a process of their own, kept below the run's
folder. Loads no torch.

An evaluation is a folder ``evaluations/<id>/`` of its run: a background job whose answer is
evaluation.json, with what was asked for and the arrays beside it (run_files.EVALUATION_FOLDER).
Nothing in it changes afterwards.
"""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rft_core.errors import UserError
from rft_core.files.atomic import read_json, write_bytes, write_json
from rft_core.files.run_files import EVALUATION, EVALUATIONS, REQUEST, UPLOAD
from rft_core.jobs.background_job import STARTING, BackgroundJob
from rft_core.store.artifacts import remove_folder
from rft_core.store.run_store import RunStore

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
# between the folder and its process
STARTING_SECONDS = 10.0
NO_ANSWER = (
    "the evaluation ended without an answer, perhaps for want of memory; use fewer images, then"
    " evaluate again"
)


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a run: "making", "done" or "failed". `line` says how far it is or why it
    failed; `answer` is the result.

    `began` is when it got the device (seconds since 1970), None while it waits for it.
    """

    evaluation_id: str
    folder: Path
    status: str
    wanted: Mapping[str, Any]
    line: str = ""
    answer: Mapping[str, Any] | None = None
    began: float | None = None

    @property
    def is_picture(self) -> bool:
        """Whether it is of one picture of the user's own, not of the test images."""
        return bool(self.wanted.get("is_picture"))

    @property
    def seconds(self) -> float | None:
        """Seconds since it got the device; None while it waits for it."""
        return None if self.began is None else max(0.0, time.time() - self.began)


def new_evaluation(store: RunStore, run_id: str, request: Mapping[str, Any]) -> Evaluation:
    """Make the folder of an evaluation with what is wanted: attack, steps, epsilons, images,
    honesty, is_picture.
    """
    evaluation_id = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(3)
    folder = evaluation_folder(store, run_id, evaluation_id)
    folder.mkdir(parents=True)
    write_json(folder / REQUEST, {**request, "asked": time.time()})
    return read_evaluation(folder)


def evaluation_folder(store: RunStore, run_id: str, evaluation_id: str) -> Path:
    """Return the folder of an evaluation; an id of another form raises, as it
    may come from a URL.
    """
    if not ID.fullmatch(evaluation_id):
        raise UserError(
            f"'{evaluation_id}' is not the id of an evaluation; they look like"
            " 20260131-120000-a1b2c3"
        )
    return store.folder(run_id) / EVALUATIONS / evaluation_id


def list_evaluations(store: RunStore, run_id: str) -> list[Evaluation]:
    """Return the evaluations of a run, newest first."""
    parent = store.home.run_folder(run_id) / EVALUATIONS
    folders = (
        sorted((entry for entry in parent.iterdir() if ID.fullmatch(entry.name)), reverse=True)
        if parent.is_dir()
        else []
    )
    return [read_evaluation(folder) for folder in folders]


def read_evaluation(folder: Path) -> Evaluation:
    """Return what is known of the evaluation in `folder`."""
    request, found = read_json(folder / REQUEST) or {}, job_of(folder).read_state()
    status, line = found.status, found.line
    if status == "absent":
        # a command line writes what is asked for first, and says what it does a moment later
        begins = time.time() - request.get("asked", 0.0) < STARTING_SECONDS
        status, line = ("making", STARTING) if begins else ("failed", NO_ANSWER)
    return Evaluation(folder.name, folder, status, request, line, found.answer, found.began)


def job_of(folder: Path) -> BackgroundJob:
    """Return the job that makes the evaluation in `folder`."""
    return BackgroundJob(folder, EVALUATION, NO_ANSWER)


def ask_for_evaluation(
    store: RunStore, run_id: str, request: Mapping[str, Any], picture: bytes | None = None
) -> Evaluation:
    """Start a process that evaluates a run, or attacks `picture` with it; it
    outlives whoever asked.
    """
    evaluation = new_evaluation(store, run_id, {**request, "is_picture": picture is not None})
    if picture is not None:
        write_bytes(evaluation.folder / UPLOAD, picture)
    arguments = ["evaluate", run_id, "--as", evaluation.evaluation_id, "--json"]
    job_of(evaluation.folder).start(store.home, arguments)
    return read_evaluation(evaluation.folder)


def cancel(evaluation: Evaluation) -> None:
    """End the process of an evaluation that is being made; nothing of it is kept."""
    if evaluation.status == "making" and job_of(evaluation.folder).cancel():
        remove_folder(evaluation.folder)


def load_arrays(folder: Path, name: str) -> dict[str, np.ndarray] | None:
    """Return the arrays of one .npz of an evaluation, or None when it is not there."""
    if not (folder / name).is_file():
        return None
    with np.load(folder / name, allow_pickle=False) as saved:
        return {key: saved[key] for key in saved.files}
