"""Hold the store and the files of a home against each other, and mend what differs.

Nothing is deleted but unfinished files of dead writers.

Each finding says what it would do; `mend_home` does it. A second repair finds nothing to do.
"""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import psutil
from filelock import Timeout
from sqlalchemy import Engine, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from rft_core.errors import StoreError, UserError
from rft_core.files.atomic import ABANDONED_SECONDS, is_unfinished
from rft_core.files.home import Home
from rft_core.files.run_files import CHECKPOINT, CHECKPOINT_KIND, PREVIOUS_CHECKPOINT
from rft_core.store.artifacts import Artifact, list_artifacts, register_artifact
from rft_core.store.checkpoint_check import is_intact
from rft_core.store.events import Event, append_events, last_sequence
from rft_core.store.home_lock import home_turn
from rft_core.store.recovery import find_damage, recover
from rft_core.store.run_store import RunStore
from rft_core.store.schema import artifacts, runs
from rft_core.worker.loop import worker_lock

ORPHANS = "orphans"
# marks that stand before an artifact's kind; who asks for the kind then does not get the file
MISSING, DAMAGED = "missing ", "damaged "
# a fork fills its folder before it has a row, and a file is written before it has its name
SETTLED_SECONDS = 60.0
# what earlier versions called a file on its way
LEFT = re.compile(r"\..*\.(?P<pid>\d+)|rft\.db\.v\d+\.tmp")
ALL_RUNS = 10**9


@dataclass(frozen=True)
class Finding:
    """Something that differs: what it is, what was found, what mends it. `act` is None where
    nothing can but a person.
    """

    kind: str
    subject: str
    found: str
    action: str
    act: Callable[[], object] | None = None


def survey(home: Home) -> Iterator[Finding]:
    """Yield what a repair would mend, changing nothing.

    A damaged store hides the rest until it is recovered.
    """
    path = store_file(home)
    if path is not None and (damage := find_damage(path)):
        yield Finding(
            "store",
            path.name,
            damage,
            "keep a copy beside it and recover every row that can be read",
            partial(_recover, home, path),
        )
        return
    store = RunStore(home)
    lost = {row.run_id: row for row in store.gone()}
    for run_id, row in lost.items():
        yield Finding(
            "run",
            run_id,
            f"it is {row.status} and its process is gone",
            "mark it lost, to be resumed",
            store.reconcile,
        )
    settled = [
        record.run_id
        for record in store.records(limit=ALL_RUNS)
        if not record.is_active or record.run_id in lost
    ]
    for run_id in settled:
        yield from _files_of(store, run_id)
    yield from _orphans(store)
    yield from _unfinished(home, settled)


def mend_home(home: Home) -> list[tuple[Finding, str]]:
    """Mend everything `survey` yields; return each finding with what came of it: "" where it is
    mended, else the reason why not.

    Raises BundleError while an import is at work.
    """
    with home_turn(home):
        done = [(one, _mend(one)) for one in list(survey(home))]
        if any(one.kind == "store" and not reason for one, reason in done):
            # a recovered store shows what it hid
            done += [(one, _mend(one)) for one in list(survey(home))]
    return done


def store_file(home: Home) -> Path | None:
    """Return the SQLite file of the home's store, or None where its address is another
    one, or none at all.
    """
    try:
        address = make_url(home.store_url)
    except ArgumentError:
        return None
    return (
        Path(address.database)
        if address.get_backend_name() == "sqlite" and address.database
        else None
    )


def _mend(finding: Finding) -> str:
    if finding.act is None:
        return finding.action
    try:
        finding.act()
    except (UserError, OSError) as error:
        return str(error)
    return ""


def _recover(home: Home, path: Path) -> None:
    try:
        with worker_lock(home).acquire(timeout=0):
            recover(path)
    except Timeout:
        raise StoreError("a worker is at work on the damaged store; end it, then repair") from None


def _files_of(store: RunStore, run_id: str) -> Iterator[Finding]:
    folder, known = (
        store.home.run_folder(run_id),
        {row.path: row for row in list_artifacts(store.engine, run_id)},
    )
    if CHECKPOINT in known or (folder / CHECKPOINT).exists():
        yield from _checkpoint(store, run_id, known.pop(CHECKPOINT, None))
    for row in known.values():
        yield from _file(store, run_id, row)


def _checkpoint(store: RunStore, run_id: str, row: Artifact | None) -> Iterator[Finding]:
    folder = store.home.run_folder(run_id)
    path, previous, subject = (
        folder / CHECKPOINT,
        folder / PREVIOUS_CHECKPOINT,
        f"{run_id}/{CHECKPOINT}",
    )
    if row is not None and not row.kind.startswith((MISSING, DAMAGED)) and _matches(path, row):
        return
    if is_intact(path):
        # its process ended between the file and its record
        told = "it is whole, and recorded otherwise or not at all"
        yield Finding(
            "checkpoint",
            subject,
            told,
            "record it as it is",
            partial(register_artifact, store.engine, run_id, folder, path, CHECKPOINT_KIND),
        )
    elif is_intact(previous):
        told = "it is damaged" if path.exists() else "it is missing"
        yield Finding(
            "checkpoint",
            subject,
            told,
            f"keep it in {ORPHANS} and put the previous one in its place",
            partial(_step_back, store, run_id),
        )
    elif row is not None:
        yield from _file(store, run_id, row)


def _step_back(store: RunStore, run_id: str) -> None:
    folder = store.home.run_folder(run_id)
    if (folder / CHECKPOINT).exists():
        _put_aside(store.home, folder / CHECKPOINT, f"{run_id}-{CHECKPOINT}")
    os.replace(folder / PREVIOUS_CHECKPOINT, folder / CHECKPOINT)
    register_artifact(store.engine, run_id, folder, folder / CHECKPOINT, CHECKPOINT_KIND)
    _note(
        store.engine,
        run_id,
        "the newest checkpoint was damaged or missing; the one before it took its place",
    )


def _file(store: RunStore, run_id: str, row: Artifact) -> Iterator[Finding]:
    path, plain = (
        store.home.run_folder(run_id) / row.path,
        row.kind.removeprefix(MISSING).removeprefix(DAMAGED),
    )
    mark = "" if _matches(path, row) else DAMAGED if path.exists() else MISSING
    subject, state = (
        f"{run_id}/{row.path}",
        "is whole again"
        if not mark
        else "is missing"
        if mark == MISSING
        else "has another checksum than recorded",
    )
    if mark + plain != row.kind:
        yield Finding(
            "file",
            subject,
            f"it {state}",
            "mark it in the run and note it in its log",
            partial(_set_kind, store.engine, run_id, row.path, mark + plain, state),
        )
    elif mark:
        yield Finding(
            "file",
            subject,
            f"it {state}, and is marked",
            "bring it back from a bundle or a backup, or delete the run",
        )


def _set_kind(engine: Engine, run_id: str, path: str, kind: str, state: str) -> None:
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(
            update(artifacts)
            .where(artifacts.c.run_id == run_id, artifacts.c.path == path)
            .values(kind=kind)
        )
    _note(engine, run_id, f"{path} {state}")


def _note(engine: Engine, run_id: str, text: str) -> None:
    append_events(
        engine,
        run_id,
        [
            Event(
                last_sequence(engine, run_id) + 1,
                0,
                0.0,
                time.time(),
                "log",
                {"text": f"repair: {text}"},
            )
        ],
    )


def _matches(path: Path, row: Artifact) -> bool:
    try:
        if path.stat().st_size != row.size:
            return False
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == row.sha256
    except OSError:
        return False


def _orphans(store: RunStore) -> Iterator[Finding]:
    with store.engine.connect() as connection:
        known = set(connection.execute(select(runs.c.run_id)).scalars())
    for path in sorted(store.home.runs.iterdir()):
        if (
            path.name not in known
            and not path.name.startswith(".")
            and _age(path) > SETTLED_SECONDS
        ):
            yield Finding(
                "folder",
                f"runs/{path.name}",
                "no run has it",
                f"move it to {ORPHANS}",
                partial(_put_aside, store.home, path, path.name),
            )


def _put_aside(home: Home, path: Path, name: str) -> None:
    """Move `path` into the home's folder of orphans, under a name that is free."""
    folder = home.root / ORPHANS
    folder.mkdir(exist_ok=True)
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    shutil.move(path, next(folder / one for one in names if not (folder / one).exists()))


def _unfinished(home: Home, settled: list[str]) -> Iterator[Finding]:
    """Yield what dead writers left: files beside the one they were to become, and folders
    that were never renamed.
    """
    places = [
        *home.root.iterdir(),
        *(path for run_id in settled for path in home.run_folder(run_id).rglob(".*")),
    ]
    files = [path for path in places if path.is_file() and _is_left(path)]
    imports = [path for path in home.runs.glob(".import-*") if _age(path) > SETTLED_SECONDS]
    folders = [
        path
        for place in (home.datasets, home.uploads, home.decoded)
        for path in place.glob(".*")
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
            one.stat(follow_symlinks=False).st_mtime
            for one in (path, *(path.rglob("*") if path.is_dir() else ()))
        )
    except OSError:
        return 0.0
