"""Files and folders that are whole or not there: written beside their place, then renamed into it.

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
# a file on its way: ours, with the PID of its writer; that of an earlier version; safetensors' own
UNFINISHED = re.compile(r"\..*?(?:\.(?P<pid>\d+))?\.tmp|\.tmp\w{6}")


@contextmanager
def whole_file(path: Path, *, keep_as: Path | None = None) -> Iterator[Path]:
    """Give a path beside `path` to write to; when the block ends it is synced to disk and takes the
    name `path`. What had that name before is kept as `keep_as`, where that is given.

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
    """Write `data` whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write `document` as JSON, whole or not at all."""
    write_text(path, json.dumps(document, indent=2) + "\n")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write `arrays` as a compressed .npz, whole or not at all."""
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file; None where there is no file, or no whole object in it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def is_unfinished(path: Path) -> bool:
    """Return whether a file is one that `whole_file` left behind: its name is that of a file on its
    way, and the process that wrote it is gone or is this one.
    """
    found = UNFINISHED.fullmatch(path.name)
    if found is None or not path.is_file():
        return False
    pid = int(found["pid"] or 0)
    return not pid or pid == os.getpid() or not psutil.pid_exists(pid)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside `folder`, to be renamed to it when it is whole; what is left
    at the end is removed.

    Those that a killed process left here are removed too, a day after.
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
