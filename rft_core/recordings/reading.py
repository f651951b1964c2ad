"""Recorded runs: real runs kept with the program, so that they can be looked at with no
training and no network.

A recording is gzipped JSON (spec, report, events, machine, versions, command); `attacked.npz` holds
attacked test images for the first lesson. `card.json` has the SHA-256 of every file, which is
checked before a file is used.
"""

import gzip
import hashlib
import io
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rft_core.errors import StoreError, UnknownNameError
from rft_core.files.home import CHECKOUT, restore_command
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.spec.measured_by import final_measured_by
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.events import Event

RECORDED = CHECKOUT / "assets" / "recorded"
CARD, ENDING, GALLERY = "card.json", ".json.gz", "attacked.npz"
FORMAT = 1


@dataclass(frozen=True)
class Recording:
    """One recorded run.

    Wall times of its `events` are seconds since training began; `recorded` is a date (UTC).

    `machine` says where, `versions` with which packages, `command` how to make the run again.
    """

    name: str
    spec: RunSpec
    report: dict[str, Any]
    events: tuple[Event, ...]
    total_steps: int
    recorded: str
    machine: dict[str, Any]
    versions: dict[str, str]
    command: str

    @property
    def measured_by(self) -> MeasuredBy:
        """The attack and the number of test images of its report; raises StoreError for a report
        without a curve.
        """
        found = final_measured_by(self.spec, self.report)
        if found is None:
            raise StoreError(f"the recorded run {self.name} has no robustness curve")
        return found


@dataclass(frozen=True)
class Gallery:
    """Test images of one recorded run, attacked at rising epsilons (the first is 0).

    `clean` uint8 (N, H, W, 3); `delta` float (N, E, H, W, 3) in pixel scale; `epsilons` (E,);
    `truth` N class names; `names` and `confidences` (N, E, K): the K most confident classes,
    most confident first.
    """

    clean: np.ndarray
    delta: np.ndarray
    epsilons: np.ndarray
    truth: np.ndarray
    names: np.ndarray
    confidences: np.ndarray
    run: str

    def adversarial(self, image: int, index: int) -> np.ndarray:
        """Return one attacked picture, uint8 (H, W, 3), rounded for the eye."""
        return np.clip(
            np.rint(self.clean[image] + 255 * self.delta[image, index].astype(np.float64)), 0, 255
        ).astype(np.uint8)

    def falls_at(self, image: int) -> float | None:
        """Return the smallest epsilon at which the image is misread, or None."""
        fallen = self.epsilons[self.names[image, :, 0] != self.truth[image]]
        return float(fallen[0]) if len(fallen) else None


def read_recording(name: str, folder: Path = RECORDED) -> Recording:
    """Return the recorded run `name`; a missing, damaged or foreign file raises StoreError, a name
    not on the card UnknownNameError.
    """
    content = read_checked(name + ENDING, folder)
    try:
        raw = json.loads(gzip.decompress(content))
        if raw["format"] != FORMAT:
            raise ValueError(f"it has format {raw['format']}, this program reads {FORMAT}")
        events = tuple(Event(**event) for event in raw["events"])
        fields = {
            key: raw[key]
            for key in (
                "name",
                "report",
                "total_steps",
                "recorded",
                "machine",
                "versions",
                "command",
            )
        }
        return Recording(spec=parse_stored(raw["spec"]), events=events, **fields)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"the recorded run {name} cannot be read ({error}); {_hint(folder)}"
        ) from None


def read_gallery(folder: Path = RECORDED) -> Gallery:
    """Return the attacked images; a missing or damaged file raises StoreError."""
    content = read_checked(GALLERY, folder)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as saved:
            arrays = {
                name: saved[name]
                for name in ("clean", "delta", "epsilons", "truth", "names", "confidences")
            }
            return Gallery(**arrays, run=str(saved["run"]))
    except (OSError, EOFError, zlib.error, ValueError, KeyError) as error:
        raise StoreError(f"the recorded images cannot be read ({error}); {_hint(folder)}") from None


def read_card(folder: Path = RECORDED) -> dict[str, str]:
    """Return file name -> SHA-256 (hexadecimal) of everything recorded in `folder`."""
    try:
        files = json.loads((folder / CARD).read_text())["files"]
        if not isinstance(files, dict):
            raise ValueError("it names no files")
        return files
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"the card of the recorded runs in {folder.name} cannot be read ({error});"
            f" {_hint(folder)}"
        ) from None


def read_checked(file_name: str, folder: Path = RECORDED) -> bytes:
    """Return the content of one recorded file after checking it against the card."""
    card = read_card(folder)
    if file_name not in card:
        raise UnknownNameError(
            "recording",
            file_name.removesuffix(ENDING),
            [file.removesuffix(ENDING) for file in card if file.endswith(ENDING)],
        )
    try:
        content = (folder / file_name).read_bytes()
    except OSError:
        raise StoreError(f"the recorded file {file_name} is missing; {_hint(folder)}") from None
    actual = hashlib.sha256(content).hexdigest()
    if actual != card[file_name]:
        raise StoreError(
            f"the recorded file {file_name} is damaged: sha256 is {actual[:12]}…, the card says"
            f" {str(card[file_name])[:12]}…; {_hint(folder)}"
        )
    return content


def _hint(folder: Path) -> str:
    return (
        f"restore it with {restore_command('assets/recorded')}"
        if folder == RECORDED
        else "record the runs again with `python -m rft_core record`"
    )
