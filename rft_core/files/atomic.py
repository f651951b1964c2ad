"""Files and folders that are complete or absent: written under a temporary name, then renamed.

A reader sees the old content or the new one, also where the writer is killed or the disk is full.
"""

import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ABANDONED_SECONDS = 24 * 3600.0
# names are at most 255 bytes long on most file systems
LONGEST_STEM = 60
# temporary names: ours, with the PID of the writer; those of earlier versions; safetensors' own
UNFINISHED = re.compile(r"\..*?(?:\.(?P<pid>\d+))?\.tmp|\.tmp\w{6}")


@contextmanager
def atomic_file(path: Path, *, keep_as: Path | None = None) -> Iterator[Path]:
    """Yield a path beside `path` to write to; when the block ends it is synced to disk and gets the
    name `path`. The file that had that name before is kept as `keep_as`, where that is given.

    An error in the block leaves `path` as it was, and nothing beside it.
    """
    mark = f"{secrets.token_hex(3)}.{os.getpid()}"
    temporary = path.with_name(f".{path.name[:LONGEST_STEM]}.{mark}.tmp")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        if keep_as is not None and path.is_file():
            os.replace(path, keep_as)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` completely or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, completely or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write `document` as JSON, completely or not at all."""
    write_text(path, json.dumps(document, indent=2) + "\n")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write `arrays` as a compressed .npz, completely or not at all."""
    named: dict[str, Any] = dict(arrays)
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **named)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file; None where there is no file, or no complete object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def is_unfinished(path: Path) -> bool:
    """Return whether `atomic_file` left a file behind: it has a temporary name, and the process
    that wrote it is gone or is this one.
    """
    found = UNFINISHED.fullmatch(path.name)
    if found is None or not path.is_file():
        return False
    pid = int(found["pid"] or 0)
    return not pid or pid == os.getpid() or not psutil.pid_exists(pid)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`, to be renamed to it when it is complete; what
    remains at the end is removed.

    Folders that a killed process left here are removed too, a day later.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}-", dir=folder.parent))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(".*"):
        try:
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        # another process has just renamed or removed it
        except OSError:
            continue
        if time.time() - newest > ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
