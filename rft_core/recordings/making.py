"""Make recordings of finished runs: what reading.py reads."""

import gzip
import hashlib
import importlib.metadata
import json
import platform
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rft_core.errors import StoreError
from rft_core.files.atomic import write_bytes, write_json
from rft_core.files.version import VERSION
from rft_core.recordings.reading import CARD, ENDING, FORMAT, GALLERY
from rft_core.recordings.thinning import thinned
from rft_core.spec.presets import PRESETS, preset
from rft_core.spec.run_spec import RunSpec, flatten, portable_spec
from rft_core.store.events import Event, read_events
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore

KEPT_KINDS = ("train", "eval", "onset", "status")
TRAIN_EVENTS = 120
PACKAGES = ("torch", "timm", "numpy")
# settings that decide no number
SILENT = ("name", "notes", "tags")


def record_runs(
    store: RunStore,
    run_ids: list[str],
    folder: Path,
    pictures: int,
    save_gallery: Callable[..., None],
) -> dict[str, Any]:
    """Write one recording a run into `folder`, named after the run, and the card; return the card.

    With `pictures` > 0, `save_gallery` (the engine's, handed in) attacks that many test images with
    the first run's model.
    """
    records = [store.get(run_id) for run_id in run_ids]
    for record in records:
        _final_report(record)
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        document = as_document(record, read_events(store.engine, record.run_id, kinds=KEPT_KINDS))
        # no time in the header: the same run makes the same file
        write_bytes(
            folder / f"{record.name}{ENDING}",
            gzip.compress(json.dumps(document).encode(), mtime=0),
        )
    if pictures:
        save_gallery(
            folder / GALLERY,
            records[0].spec,
            store.folder(records[0].run_id),
            pictures,
            run=records[0].name,
        )
    return write_card(folder)


def _final_report(record: RunRecord) -> dict[str, Any]:
    """Return the report of a finished run; any other run raises."""
    if record.report is None or record.status != "finished":
        raise StoreError(
            f"run {record.run_id} is {record.status}; only a finished run can be recorded"
        )
    return record.report


def write_card(folder: Path) -> dict[str, Any]:
    """Write the SHA-256 of every recorded file in `folder` beside them; return the card."""
    paths = sorted(
        path for path in folder.iterdir() if path.name.endswith(ENDING) or path.name == GALLERY
    )
    card = {"files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}}
    write_json(folder / CARD, card)
    return card


def as_document(record: RunRecord, events: list[Event]) -> dict[str, Any]:
    """Return a finished run as one JSON document: every measurement, at most
    TRAIN_EVENTS training steps.
    """
    report, began = _final_report(record), events[0].wall_time if events else 0.0
    return {
        "format": FORMAT,
        "name": record.name,
        "spec": portable_spec(record.spec).model_dump(mode="json"),
        "report": report,
        "events": [_row(event, began) for event in thinned(events, TRAIN_EVENTS)],
        "total_steps": record.total_steps,
        "recorded": time.strftime("%Y-%m-%d", time.gmtime(record.ended)),
        "machine": machine(report["machine"]),
        "versions": {"rft-lab": VERSION, "python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        "command": command(portable_spec(record.spec)),
    }


def command(spec: RunSpec) -> str:
    """Return the shortest command that makes a run with the settings of `spec`: the nearest preset
    and what differs from it.
    """
    wanted = flatten_json(spec)
    options = []
    for row in PRESETS:
        start = flatten_json(preset(row.name))
        options.append(
            (
                row.name,
                {
                    name: value
                    for name, value in wanted.items()
                    if name not in SILENT and value != start[name]
                },
            )
        )
    name, changes = min(options, key=lambda option: len(option[1]))
    sets = [
        shlex.join(["--set", f"{setting}={json.dumps(value)}"])
        for setting, value in changes.items()
    ]
    return " ".join(["python -m rft_core run", f"--preset {name}", *sets])


def flatten_json(spec: RunSpec) -> dict[str, Any]:
    """Return dotted name -> value as JSON has it (tuples as lists)."""
    return json.loads(json.dumps(flatten(spec), default=str))


def machine(reported: dict[str, Any]) -> dict[str, Any]:
    """Return what the run said of its device, with this machine's processor and system."""
    return reported | {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def _row(event: Event, began: float) -> dict[str, Any]:
    row = {
        "sequence": event.sequence,
        "step": event.step,
        "epoch": event.epoch,
        "wall_time": round(event.wall_time - began, 3),
        "kind": event.kind,
    }
    return row | {"payload": event.payload}
