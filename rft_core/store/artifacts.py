"""Files of a run, registered with size and checksum."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, insert, select

from rft_core.store.tables import artifacts


@dataclass(frozen=True)
class Artifact:
    """One file, its path relative to the run's folder."""

    path: str
    kind: str
    size: int
    sha256: str


def register_artifact(engine: Engine, run_id: str, folder: Path, path: Path, kind: str) -> Artifact:
    """Record a finished file below `folder`; an earlier record of the same path is replaced."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    record = Artifact(path.relative_to(folder).as_posix(), kind, path.stat().st_size, digest)
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(artifacts).where(artifacts.c.run_id == run_id, artifacts.c.path == record.path))
        connection.execute(insert(artifacts).values(run_id=run_id, path=record.path, kind=kind, size=record.size, sha256=digest))
    return record


def list_artifacts(engine: Engine, run_id: str, kind: str | None = None) -> list[Artifact]:
    """Return the registered files of a run, by path."""
    query = select(artifacts).where(artifacts.c.run_id == run_id).order_by(artifacts.c.path)
    if kind is not None:
        query = query.where(artifacts.c.kind == kind)
    with engine.connect() as connection:
        return [Artifact(row.path, row.kind, row.size, row.sha256) for row in connection.execute(query)]
