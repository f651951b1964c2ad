"""What lies in a home and belongs to nothing: folders without a run, files of dead writers."""

import re
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
from sqlalchemy import select

from rft_core.files.atomic import ABANDONED_SECONDS, is_unfinished
from rft_core.files.home import Home
from rft_core.health.findings import ORPHANS, Finding, move_to_orphans
from rft_core.store.run_store import RunStore
from rft_core.store.schema import runs

# a fork fills its folder before it has a row, and a file is written before it has its name
SETTLED_SECONDS = 60.0


# temporary names of earlier versions
LEFT = re.compile(r"\..*\.(?P<pid>\d+)|rft\.db\.v\d+\.tmp")


def find_orphans(store: RunStore) -> Iterator[Finding]:
    """Yield the folders among the runs that no run has."""
    with store.engine.connect() as connection:
        run_ids = set(connection.execute(select(runs.c.run_id)).scalars())
    for path in sorted(store.home.runs.iterdir()):
        if (
            path.name not in run_ids
            and not path.name.startswith(".")
            and _age(path) > SETTLED_SECONDS
        ):
            yield Finding(
                "folder",
                f"runs/{path.name}",
                "no run has it",
                f"move it to {ORPHANS}",
                partial(move_to_orphans, store.home, path, path.name),
            )


def find_unfinished(home: Home, settled: list[str]) -> Iterator[Finding]:
    """Yield what dead writers left: files beside the one they were to become, and folders
    that were never renamed.
    """
    paths = [
        *home.root.iterdir(),
        *(path for run_id in settled for path in home.run_folder(run_id).rglob(".*")),
    ]
    files = [path for path in paths if path.is_file() and _is_left(path)]
    imports = [path for path in home.runs.glob(".import-*") if _age(path) > SETTLED_SECONDS]
    folders = [
        path
        for parent in (home.datasets, home.uploads, home.decoded)
        for path in parent.glob(".*")
        if path.is_dir() and _age(path) > ABANDONED_SECONDS
    ]
    for path in sorted([*files, *imports, *folders]):
        act = partial(shutil.rmtree, path) if path.is_dir() else path.unlink
        yield Finding(
            "unfinished",
            path.relative_to(home.root).as_posix(),
            "the process that wrote it is gone",
            "remove it",
            act,
        )


def _is_left(path: Path) -> bool:
    if is_unfinished(path):
        return _age(path) > SETTLED_SECONDS
    found = LEFT.fullmatch(path.name)
    if found is None:
        return False
    return (
        not psutil.pid_exists(int(found["pid"])) if found["pid"] else _age(path) > SETTLED_SECONDS
    )


def _age(path: Path) -> float:
    """Return the seconds since `path`, or anything below it, was written; 0 for what another
    process has just taken away.
    """
    try:
        return time.time() - max(
            entry.stat(follow_symlinks=False).st_mtime
            for entry in (path, *(path.rglob("*") if path.is_dir() else ()))
        )
    except OSError:
        return 0.0
