"""The parts of a run in a bundle, and what they may contain.

A bundle is a zip of ``manifest.json`` (format, version, kind, size and SHA-256 of every other
file) and, for each run, ``runs/<id>/run.json``, ``runs/<id>/events.jsonl`` (one event a line)
and the run's own files below ``runs/<id>/files/``. A bundle of kind "home" also holds
``datasets/`` and ``weights/``.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rft_core.files.archive_names import plain_parts
from rft_core.spec.run_spec import RunSpec, portable_spec
from rft_core.store.artifacts import Artifact
from rft_core.store.events import Event
from rft_core.store.records import RunRecord
from rft_core.store.status import MOVING, STATUSES

FORMAT, VERSION = "rft-lab-bundle", 1
MANIFEST, RUN, EVENTS, FILES = "manifest.json", "run.json", "events.jsonl", "files"
KINDS = ("runs", "home")
EVENT_KINDS = ("train", "eval", "onset", "examples", "status", "log", "resumed")
RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,39}")
# nothing a bundle brings is ever unpickled, so nothing that could only be unpickled comes in
PICKLE_ENDINGS = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".bin")
PICKLE_HEAD = re.compile(rb"\x80[\x02-\x05][\x95}\](c]")
LARGEST_INTEGER = 2**31 - 1
CHUNK, HEAD = 2**20, 512


def _choice_from(names: tuple[str, ...], label: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"unknown {label}; known: {', '.join(names)}")
        return value

    return AfterValidator(check)


def _plain_path(path: str) -> str:
    plain_parts(path)
    return path


Count = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
FilePath = Annotated[str, AfterValidator(_plain_path)]
Moment = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Strict(BaseModel):
    """A part of a bundle: values are not converted, and unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FileRow(Strict):
    """A file of the manifest, by its path inside the bundle."""

    path: FilePath
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ArtifactRow(FileRow):
    """A registered file of a run, by its path below the run's folder."""

    kind: Annotated[str, Field(max_length=40)]


class EventRow(Strict):
    """One event."""

    sequence: Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
    step: Count
    epoch: Annotated[float, Field(allow_inf_nan=False)]
    wall_time: Moment
    kind: Annotated[str, _choice_from(EVENT_KINDS, "kind of event")]
    payload: dict[str, Any]


class RunDocument(Strict):
    """A run as its row has it. The spec is a complete RunSpec under the same rules."""

    run_id: Annotated[str, Field(pattern=f"^{RUN_ID.pattern}$")]
    status: Annotated[str, _choice_from(STATUSES, "status")]
    reason: str
    host: Annotated[str, Field(max_length=200)] | None
    device: Annotated[str, Field(max_length=40)] | None
    created: Moment
    started: Moment | None
    ended: Moment | None
    step: Count
    total_steps: Count | None
    parent: Annotated[str, Field(pattern=f"^{RUN_ID.pattern}$")] | None
    parent_step: Count | None
    spec: dict[str, Any]
    report: dict[str, Any] | None
    artifacts: tuple[ArtifactRow, ...]


class Manifest(Strict):
    """The list of everything in a bundle but itself; `created` in seconds since 1970, `program` the
    version of RFT Lab that wrote it ("" in bundles of before 0.1.0).
    """

    format: str
    version: int
    kind: Annotated[str, _choice_from(KINDS, "kind of bundle")]
    created: Moment
    files: tuple[FileRow, ...]
    program: Annotated[str, Field(max_length=40)] = ""


def run_document(record: RunRecord, artifacts: Iterable[Artifact]) -> dict[str, Any]:
    """Return what run.json says of a stored run."""
    names = [name for name in RunDocument.model_fields if name not in ("spec", "artifacts")]
    own = {name: getattr(record, name) for name in names}
    # a bundle leaves this machine, where the name of a user's home folder helps nobody
    spec = portable_spec(record.spec).model_dump(mode="json")
    return own | {"spec": spec, "artifacts": [asdict(artifact) for artifact in artifacts]}


def event_lines(events: Iterable[Event]) -> bytes:
    """Return events.jsonl, the same bytes for the same events."""
    return b"".join(canonical(asdict(event)) + b"\n" for event in events)


def canonical(document: Any) -> bytes:
    """Return JSON whose bytes depend on the content alone; raises ValueError for anything that
    JSON or UTF-8 cannot express.
    """
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def landed_status(status: str) -> str:
    """Return the status of a run after its import: a queued, running, stopping or paused one
    becomes "lost" and can be resumed.
    """
    return "lost" if status in (*MOVING, "paused") else status


def fingerprint(
    document: Mapping[str, Any], spec: RunSpec, events: bytes, files: Mapping[str, str]
) -> str:
    """Return a hash (hexadecimal) of the content of a run, wherever it is stored: settings, status,
    report, events, files (path -> SHA-256).

    Its id, its parent's and the reason of its status are left out, since an import may
    have to change them.
    """
    report = {
        key: value
        for key, value in (document["report"] or {}).items()
        if key not in ("run_id", "parent")
    }
    own = [document[name] for name in ("created", "step", "total_steps")]
    parts = [
        *own,
        landed_status(document["status"]),
        portable_spec(spec).model_dump(mode="json"),
        report,
        hashlib.sha256(events).hexdigest(),
        dict(files),
    ]
    return hashlib.sha256(canonical(parts)).hexdigest()


def is_pickle(path: str, head: bytes) -> bool:
    """Return whether a file can only be read by unpickling it, by its name and its first
    bytes (512 are enough).
    """
    if path.lower().endswith(PICKLE_ENDINGS):
        return True
    # the length that a safetensors file begins with may look like a pickle; one that torch packed
    # is a zip with data.pkl in front
    return (
        not path.endswith(".safetensors")
        and bool(PICKLE_HEAD.match(head))
        or head.startswith(b"PK")
        and b"data.pkl" in head
    )
