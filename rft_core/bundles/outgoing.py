"""Write runs, or a whole home, as one bundle."""

import hashlib
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from rft_core.bundles.contents import (
    CHUNK,
    EVENTS,
    FILES,
    FORMAT,
    HEAD,
    MANIFEST,
    RUN,
    VERSION,
    canonical,
    event_lines,
    is_pickle,
    run_document,
)
from rft_core.errors import BundleError, UserError
from rft_core.files import version as program
from rft_core.files.archive_names import plain_parts, printable
from rft_core.files.atomic import atomic_file
from rft_core.files.run_files import travels
from rft_core.files.uploads import RECORD
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import read_events
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore

EVERY_RUN = 10**9


@dataclass
class _Packing:
    """A bundle that is being written to a file."""

    archive: zipfile.ZipFile
    rows: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add_text(self, name: str, data: bytes) -> None:
        """Add what this program writes itself.

        Only this is compressed: a copied file may shrink a thousandfold, and an import would
        refuse it as a zip bomb.
        """
        self.archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        self.rows.append(
            {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        )

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as it is read; one that an import would refuse is left out with a line."""
        try:
            plain_parts(name)
            with open(path, "rb") as source:
                head = source.read(HEAD)
        except (ValueError, OSError) as reason:
            self.left_out.append(f"{printable(name)}: {reason}")
            return
        if is_pickle(name, head):
            self.left_out.append(f"{printable(name)}: it can only be read by unpickling it")
            return
        with open(path, "rb") as source:
            self._copy(name, source)

    def _copy(self, name: str, source: BinaryIO) -> None:
        digest, size = hashlib.sha256(), 0
        with self.archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.rows.append({"path": name, "size": size, "sha256": digest.hexdigest()})

    def add_run(self, store: RunStore, record: RunRecord) -> None:
        """Add a run: its row, its events, the files of its folder."""
        prefix, folder = f"runs/{record.run_id}", store.home.run_folder(record.run_id)
        artifacts = list_artifacts(store.engine, record.run_id)
        self.add_text(f"{prefix}/{RUN}", canonical(run_document(record, artifacts)))
        self.add_text(f"{prefix}/{EVENTS}", event_lines(read_events(store.engine, record.run_id)))
        for path in run_files(folder):
            self.add_file(f"{prefix}/{FILES}/{path}", folder / path)
        missing = [artifact.path for artifact in artifacts if not (folder / artifact.path).exists()]
        self.left_out += [
            f"{prefix}/{FILES}/{path}: it is registered and not there" for path in missing
        ]

    def finish(self, kind: str) -> None:
        """Write the manifest."""
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "program": program.VERSION,
            "kind": kind,
            "created": time.time(),
            "files": self.rows,
        }
        self.archive.writestr(zipfile.ZipInfo(MANIFEST), canonical(manifest), zipfile.ZIP_DEFLATED)


def export_bundle(store: RunStore, run_ids: Sequence[str], to: Path) -> dict[str, Any]:
    """Write runs to the bundle `to`; return {"path", "bytes", "runs", "left_out"}.

    A file that is there is not overwritten: UserError.
    """
    records = [store.get(run_id) for run_id in dict.fromkeys(run_ids)]
    with _beside(to) as file:
        left_out = write_runs(store, records, file)
    return {
        "path": str(to),
        "bytes": to.stat().st_size,
        "runs": [record.run_id for record in records],
        "left_out": left_out,
    }


def export_home(store: RunStore, to: Path, *, with_datasets: bool = True) -> dict[str, Any]:
    """Write every run, the weights and (`with_datasets`) the datasets of a home to the bundle `to`;
    return what `export_bundle` does.

    Whatever can be made again is left out: decoded images, and archives that are still being
    unpacked.
    """
    records = store.records(limit=EVERY_RUN)
    with _beside(to) as file, zipfile.ZipFile(file, "w") as archive:
        packing = _Packing(archive)
        for record in records:
            packing.add_run(store, record)
        for folder in [store.home.weights, *([store.home.datasets] if with_datasets else [])]:
            for path, source in _kept_files(folder, leaving=store.home.decoded):
                packing.add_file(f"{folder.name}/{path}", source)
        packing.finish("home")
    return {
        "path": str(to),
        "bytes": to.stat().st_size,
        "runs": [record.run_id for record in records],
        "left_out": packing.left_out,
    }


def write_runs(store: RunStore, records: Sequence[RunRecord], file: BinaryIO) -> list[str]:
    """Write a bundle of `records` to `file`; return a line for each file that was left out."""
    with zipfile.ZipFile(file, "w") as archive:
        packing = _Packing(archive)
        for record in records:
            packing.add_run(store, record)
        packing.finish("runs")
    return packing.left_out


def bundle_bytes(store: RunStore, run_id: str) -> bytes:
    """Return the bundle of one run."""
    with tempfile.TemporaryFile() as file:
        write_runs(store, [store.get(run_id)], file)
        file.seek(0)
        return file.read()


def run_files(folder: Path) -> list[str]:
    """Return the paths of a run's files below its folder, sorted; without links, unfinished files
    and files that mean something only in this home.
    """
    found = [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    ]
    return sorted(
        path.as_posix()
        for path in found
        if not any(part.startswith(".") for part in path.parts) and travels(path.as_posix())
    )


def _kept_files(root: Path, leaving: Path) -> Iterator[tuple[str, Path]]:
    """Yield (path below `root`, file to read).

    A link inside `root` stands for its file, which is then not taken a second time: the hub's cache
    keeps each file once and links to it.
    """
    every = [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_relative_to(leaving)
    ]
    kept = [path for path in every if path.name == RECORD or not path.name.startswith(".")]
    kept = [
        path
        for path in kept
        if not any(part.startswith(".") for part in path.relative_to(root).parts[:-1])
    ]
    linked = {path.resolve() for path in kept if path.is_symlink()}
    for path in kept:
        inside = path.resolve().is_relative_to(root.resolve())
        if inside and (path.is_symlink() or path.resolve() not in linked):
            yield path.relative_to(root).as_posix(), path.resolve()


@contextmanager
def _beside(to: Path) -> Iterator[BinaryIO]:
    """Yield a file that gets the name `to` once it is complete; after an error nothing of it
    remains.
    """
    if to.exists():
        raise UserError(f"'{to}' is there already; give another place, or remove it first")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(to) as unfinished, open(unfinished, "wb") as file:
            yield file
    except OSError as error:
        raise BundleError(
            f"'{to}' cannot be written ({error.strerror or error}); make room there, or give"
            " another place"
        ) from None
