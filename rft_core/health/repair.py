"""Compare the store of a home with its files, and repair what differs.

Nothing is deleted but unfinished files of dead writers.

Each finding says what it would do; `repair_home` does it. A second repair finds nothing to do.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from filelock import Timeout
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from rft_core.errors import StoreError, UserError
from rft_core.files.home import Home
from rft_core.health.findings import Finding
from rft_core.health.leftovers import find_orphans, find_unfinished
from rft_core.health.run_files_check import check_run_files
from rft_core.store.home_lock import home_turn
from rft_core.store.recovery import find_damage, recover
from rft_core.store.run_store import RunStore
from rft_core.worker.loop import worker_lock

ALL_RUNS = 10**9


def survey(home: Home) -> Iterator[Finding]:
    """Yield what a repair would do, changing nothing.

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
        yield from check_run_files(store, run_id)
    yield from find_orphans(store)
    yield from find_unfinished(home, settled)


def repair_home(home: Home) -> list[tuple[Finding, str]]:
    """Repair everything `survey` yields; return each finding with its outcome: "" where it is
    repaired, else the reason why not.

    Raises BundleError while an import is at work.
    """
    with home_turn(home):
        done = [(finding, _repair(finding)) for finding in list(survey(home))]
        if any(finding.kind == "store" and not reason for finding, reason in done):
            # a recovered store shows what it hid
            done += [(finding, _repair(finding)) for finding in list(survey(home))]
    return done


def store_file(home: Home) -> Path | None:
    """Return the SQLite file of the home's store, or None where its address names no SQLite file
    or is not an address at all.
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


def _repair(finding: Finding) -> str:
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
