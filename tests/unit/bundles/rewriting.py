"""A bundle taken apart, changed and written again, as a stranger might."""

import hashlib
import json
import zipfile
from pathlib import Path


def members(path: Path) -> dict[str, bytes]:
    """The files of a bundle, its manifest left out."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def manifest_of(files: dict[str, bytes], **changes) -> dict:
    """A manifest that agrees with `files`, but for `changes`."""
    rows = [
        {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    return {
        "format": "rft-lab-bundle",
        "version": 1,
        "kind": "runs",
        "created": 1.0,
        "files": rows,
    } | changes


def write(path: Path, files: dict[str, bytes], manifest: dict | bytes | None = None) -> Path:
    """Write a bundle; without `manifest` it agrees with its files."""
    document = manifest_of(files) if manifest is None else manifest
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(
            "manifest.json", document if isinstance(document, bytes) else json.dumps(document)
        )
    return path


def changed(data: bytes, **values) -> bytes:
    """A JSON document with some values replaced."""
    return json.dumps(json.loads(data) | values).encode()
