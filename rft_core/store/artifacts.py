"""Files of a run, registered with size and checksum."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, insert, select

from rft_core.files.atomic import is_unfinished
from rft_core.store.schema import artifacts


@dataclass(frozen=True)
class Artifact:
    """One file, its path relative to the run's folder."""

    path: str
    kind: str
    size: int
    sha256: str


def describe_file(folder: Path, path: Path, kind: str) -> Artifact:
    """Return the size and checksum of a finished file below `folder`."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Artifact(path.relative_to(folder).as_posix(), kind, path.stat().st_size, digest)


def record_artifacts(engine: Engine, run_id: str, files: Sequence[Artifact]) -> None:
    """Record files in one transaction; an earlier record of the same path is replaced."""
    if not files:
        return
    newest = {file.path: file for file in files}
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(
            delete(artifacts).where(
                artifacts.c.run_id == run_id, artifacts.c.path.in_(list(newest))
            )
        )
        connection.execute(
            insert(artifacts), [{"run_id": run_id, **asdict(file)} for file in newest.values()]
        )


def register_artifact(engine: Engine, run_id: str, folder: Path, path: Path, kind: str) -> Artifact:
    """Record a finished file below `folder` with its checksum."""
    record = describe_file(folder, path, kind)
    record_artifacts(engine, run_id, [record])
    return record


def list_artifacts(engine: Engine, run_id: str, kind: str | None = None) -> list[Artifact]:
    """Return the registered files of a run, by path."""
    query = select(artifacts).where(artifacts.c.run_id == run_id).order_by(artifacts.c.path)
    if kind is not None:
        query = query.where(artifacts.c.kind == kind)
    with engine.connect() as connection:
        return [
            Artifact(row.path, row.kind, row.size, row.sha256) for row in connection.execute(query)
        ]


def remove_folder(path: Path) -> None:
    """Remove a run's folder and all files below it."""
    for child in sorted(path.rglob("*"), key=lambda entry: len(entry.parts), reverse=True):
        if child.is_dir() and not child.is_symlink():
            child.rmdir()
        else:
            child.unlink(missing_ok=True)
    if path.exists():
        path.rmdir()


def remove_unfinished(folder: Path) -> None:
    """Remove what a writer that was killed left in a run's folder.

    Only the process that has the run may call it.
    """
    for path in folder.glob(".*"):
        if is_unfinished(path):
            path.unlink(missing_ok=True)
