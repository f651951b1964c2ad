"""Evaluations of runs: asked for by a page, made by a process of their own, kept below the run's
folder. Loads no torch.

An evaluation is a folder ``evaluations/<id>/`` of its run: request.json, state.json while it is
made, evaluation.json when it is done (or ``{"error": line}``), images.npz, pictures.npz, log.txt.
Nothing in it changes afterwards.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from rft_core.errors import UserError
from rft_core.files import run_files
from rft_core.files.home import CHECKOUT
from rft_core.store.artifacts import remove_folder
from rft_core.store.process import is_alive, this_process
from rft_core.store.run_store import RunStore

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
# between the folder and its process
STARTING_SECONDS = 10.0
GONE = (
    "the evaluation ended without an answer, perhaps for want of memory; use fewer images, then"
    " evaluate again"
)


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a run: "making", "done" or "failed". `line` says how far it is or why it
    failed; `answer` is what came out.

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
    folder = place_of(store, run_id, evaluation_id)
    folder.mkdir(parents=True)
    write(folder / run_files.REQUEST, {**request, "asked": time.time()})
    return read_evaluation(folder)


def place_of(store: RunStore, run_id: str, evaluation_id: str) -> Path:
    """Return the folder of an evaluation; an id of another form raises, as it
    may come from a URL.
    """
    if not ID.fullmatch(evaluation_id):
        raise UserError(
            f"'{evaluation_id}' is not the id of an evaluation; they look like"
            " 20260131-120000-a1b2c3"
        )
    return store.folder(run_id) / run_files.EVALUATIONS / evaluation_id


def list_evaluations(store: RunStore, run_id: str) -> list[Evaluation]:
    """Return the evaluations of a run, newest first."""
    place = store.home.run_folder(run_id) / run_files.EVALUATIONS
    folders = (
        sorted((one for one in place.iterdir() if ID.fullmatch(one.name)), reverse=True)
        if place.is_dir()
        else []
    )
    return [read_evaluation(folder) for folder in folders]


def read_evaluation(folder: Path) -> Evaluation:
    """Return what is known of the evaluation in `folder`."""
    request, answer = read(folder / run_files.REQUEST) or {}, read(folder / run_files.EVALUATION)
    own = (folder.name, folder)
    if answer is not None:
        return (
            Evaluation(*own, "failed", request, answer["error"])
            if "error" in answer
            else Evaluation(*own, "done", request, "", answer)
        )
    state = read(folder / run_files.JOB_STATE)
    if state is None:
        begun = time.time() - request.get("asked", 0.0) < STARTING_SECONDS
        return (
            Evaluation(*own, "making", request, "starting")
            if begun
            else Evaluation(*own, "failed", request, GONE)
        )
    if not is_alive(state.get("pid"), state.get("start")):
        return Evaluation(*own, "failed", request, GONE)
    return Evaluation(*own, "making", request, state.get("line", ""), began=state.get("began"))


def ask_for_evaluation(
    store: RunStore, run_id: str, request: Mapping[str, Any], picture: bytes | None = None
) -> Evaluation:
    """Start a process that evaluates a run, or attacks `picture` with it; it
    outlives whoever asked.
    """
    asked = new_evaluation(store, run_id, {**request, "is_picture": picture is not None})
    if picture is not None:
        (asked.folder / run_files.UPLOAD).write_bytes(picture)
    command = [
        sys.executable,
        "-m",
        "rft_core",
        "evaluate",
        run_id,
        "--as",
        asked.evaluation_id,
        "--json",
    ]
    environment = os.environ | {"RFT_HOME": str(store.home.root), "RFT_STORE": store.home.store_url}
    with open(asked.folder / run_files.JOB_LOG, "wb") as log:
        started = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    write(
        asked.folder / run_files.JOB_STATE,
        {
            "pid": started.pid,
            "start": psutil.Process(started.pid).create_time(),
            "line": "starting",
        },
    )
    return read_evaluation(asked.folder)


def cancel(evaluation: Evaluation) -> None:
    """End the process of an evaluation that is being made; nothing of it is kept."""
    state = read(evaluation.folder / run_files.JOB_STATE)
    if evaluation.status != "making" or not state:
        return
    if is_alive(state["pid"], state["start"]):
        process = psutil.Process(state["pid"])
        process.terminate()
        if psutil.wait_procs([process], timeout=3)[1]:
            process.kill()
    if not (evaluation.folder / run_files.EVALUATION).is_file():
        remove_folder(evaluation.folder)


def say(folder: Path, line: str, began: float | None = None) -> None:
    """Say, from the process that makes an evaluation, how far it is, and when it got the device."""
    pid, start = this_process()
    write(folder / run_files.JOB_STATE, {"pid": pid, "start": start, "line": line, "began": began})


def load_arrays(folder: Path, name: str) -> dict[str, np.ndarray] | None:
    """Return the arrays of one .npz of an evaluation, or None when it is not there."""
    if not (folder / name).is_file():
        return None
    with np.load(folder / name, allow_pickle=False) as saved:
        return {key: saved[key] for key in saved.files}


def read(path: Path) -> dict[str, Any] | None:
    """Return a JSON document, or None when there is no whole one."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write `document` whole or not at all: another process reads it at any moment."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(document, indent=2) + "\n")
    temporary.replace(path)
