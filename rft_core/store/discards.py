"""Deleted runs: hidden at once, brought back for a while, then removed with events and files."""

import time

from sqlalchemy import Engine, delete, select

from rft_core.errors import StoreError
from rft_core.files.home import Home
from rft_core.store.artifacts import remove_folder
from rft_core.store.records import RunRecord
from rft_core.store.schema import runs
from rft_core.store.status import DISCARD, next_status

# how long a deleted run can be brought back
UNDO_SECONDS = 600.0


def require_idle(record: RunRecord) -> None:
    """Raise where a process works on the run, which must not lose its files."""
    if next_status(record.status, DISCARD) is None:
        raise StoreError(f"run {record.run_id} is {record.status}; stop it before deleting it")


def remove_run(engine: Engine, home: Home, run_id: str) -> None:
    """Remove a run with its events and files, for good."""
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(runs).where(runs.c.run_id == run_id))
    remove_folder(home.run_folder(run_id))


def list_discarded(engine: Engine) -> list[tuple[str, str, float]]:
    """Return (run id, name, when it was deleted) of the runs that can be brought back, newest
    first.
    """
    query = (
        select(runs.c.run_id, runs.c.name, runs.c.deleted)
        .where(runs.c.deleted.is_not(None))
        .order_by(runs.c.deleted.desc())
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def purge_discarded(engine: Engine, home: Home, older_than: float) -> list[str]:
    """Remove, with events and files, the runs that were discarded at least `older_than` seconds
    ago; return their ids.
    """
    gone = [
        run_id
        for run_id, _, deleted in list_discarded(engine)
        if time.time() - deleted >= older_than
    ]
    for run_id in gone:
        remove_run(engine, home, run_id)
    return gone
