"""Cards of datasets: what is in one, looked at once by a process of its own and kept in the home.

Reading a card loads no torch.

A card is the answer of a background job in a folder below `home.datasets / "cards"`: card.json, and
beside it the picture that its "atlas" names (cells in rows).
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from rft_core.files.home import Home
from rft_core.jobs.background_job import BackgroundJob
from rft_core.resources.backbones import facts
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.setting_paths import DATASET, path_in

CARD = "card.json"
# a new number makes every card anew
VERSION = 2
USUAL_SIZE = 224
# folders whose times tell whether files came or went; more would take longer than a click may
STAMPED_FOLDERS = 2000
NICE = 10
NO_ANSWER = (
    "reading ended without an answer, perhaps for want of memory; use fewer training images or a"
    " smaller image size, then read again"
)


@dataclass(frozen=True)
class Reading:
    """A card that is being made: for how many seconds, and the latest line of its process."""

    seconds: float
    line: str


def card_size(spec: RunSpec) -> int:
    """Return the pixels on a side at which a run of `spec` sees its images, without
    loading the backbone.
    """
    backbone = facts(spec.model.backbone)
    return spec.data.image_size or (backbone.image_size if backbone else USUAL_SIZE)


def card_settings(spec: RunSpec) -> dict[str, Any]:
    """Return the settings that decide what a card says: setting -> value."""
    data = spec.data
    return {
        "data.dataset": data.dataset,
        "data.domains": list(data.domains),
        "data.layout": data.layout,
        "data.train_size": data.train_size,
        "data.eval_size": data.eval_size,
        "data.image_size": card_size(spec),
        "evaluation.shift_size": spec.evaluation.shift_size,
    }


def card_key(spec: RunSpec) -> str:
    """Return the name of the card's folder.

    It changes when files on this machine come or go, not when one is written over.
    """
    content = [VERSION, card_settings(spec), _stamp(spec.data.dataset)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _stamp(dataset: str) -> list:
    """Return the size and times of the file, or the times of the folders of two levels,
    that a scheme names.
    """
    named = path_in(DATASET, dataset)
    if named is None or not (path := Path(named).expanduser()).exists():
        return []
    if path.is_file():
        found = path.stat()
        return [str(path.resolve()), found.st_size, found.st_mtime_ns]
    return [str(path.resolve()), path.stat().st_mtime_ns, *_folders(path, levels=2)]


def _folders(path: Path, levels: int) -> list:
    found = []
    try:
        with os.scandir(path) as entries:
            below = sorted(
                (entry for entry in entries if entry.is_dir()), key=lambda entry: entry.name
            )
        for entry in below[:STAMPED_FOLDERS]:
            found.append([entry.name, entry.stat().st_mtime_ns])
            found += (
                _folders(Path(entry.path), levels - 1)
                if levels > 1 and len(found) < STAMPED_FOLDERS
                else []
            )
    except OSError:
        return found
    return found


def card_folder(home: Home, spec: RunSpec) -> Path:
    """Return where the card of `spec` is kept, there or not."""
    return home.datasets / "cards" / card_key(spec)


def read_card(home: Home, spec: RunSpec) -> dict[str, Any] | None:
    """Return the card of the dataset of `spec`, ``{"error": line}`` when it could not be made, or
    None before it is there.
    """
    found = _job(home, spec).read_state()
    if found.status == "failed":
        return {"error": found.line}
    return None if found.answer is None else dict(found.answer)


def reading(home: Home, spec: RunSpec) -> Reading | None:
    """Return how far the process is that makes the card of `spec`, or None when there is none."""
    found = _job(home, spec).read_state()
    if found.status != "making":
        return None
    now = time.time()
    return Reading(max(0.0, now - (found.requested or now)), found.line)


def ask_for_card(home: Home, spec: RunSpec, *, again: bool = False) -> bool:
    """Start a process that makes the card of `spec`, unless it is there or being made; return
    whether one was started.

    `again` makes it once more. The process outlives the one that asked, and yields to runs.
    """
    settings = card_settings(spec)
    arguments = ["dataset", str(settings.pop("data.dataset")), "--json"]
    for name, value in settings.items():
        arguments += ["--set", f"{name}={json.dumps(value)}"]
    threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    job = _job(home, spec)
    return job.start(home, arguments, again=again, nice=NICE, variables=threads)


def stop_reading(home: Home, spec: RunSpec) -> None:
    """End the process that makes the card of `spec`; nothing of it is kept."""
    _job(home, spec).cancel()


def keep_card(home: Home, spec: RunSpec, make: Callable[[RunSpec, int, Path], dict]) -> dict:
    """Return the card that `make` (the engine's, handed in) makes of the dataset of `spec`,
    written into its folder.

    What goes wrong is written as ``{"error": line}``, for the page that waits, and raised.
    """
    job = _job(home, spec)
    job.folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with job.errors_answered():
        card = make(spec, card_size(spec), job.folder)
    card |= {"seconds": round(time.monotonic() - started, 2), "made": time.time()}
    job.answer(card)
    return card


def cells(card: Mapping[str, Any], folder: Path) -> Iterator[Image.Image]:
    """Yield the pictures of a card's atlas; none when the file is missing."""
    atlas = card["atlas"]
    path, cell, columns = folder / atlas["file"], atlas["cell"], atlas["columns"]
    if not path.is_file():
        return
    with Image.open(path) as picture:
        for index in range(atlas["count"]):
            left, top = index % columns * cell, index // columns * cell
            yield picture.crop((left, top, left + cell, top + cell))


def _job(home: Home, spec: RunSpec) -> BackgroundJob:
    return BackgroundJob(card_folder(home, spec), CARD, NO_ANSWER)
