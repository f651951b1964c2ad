"""What a person asks of a run: stop, pause, resume."""

import time
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, select, update

from rft_core.errors import StoreError
from rft_core.files.home import Home
from rft_core.store.launches import forget_launch
from rft_core.store.paths import settle_stored
from rft_core.store.records import RunRecord
from rft_core.store.schema import runs
from rft_core.store.status import (
    ACTIVE,
    PAUSE,
    RESUME,
    STOP,
    next_status,
    resumable_words,
)

EVENTS = MappingProxyType({"stop": STOP, "pause": PAUSE})


def request_end(engine: Engine, run_id: str, wish: str) -> None:
    """Ask for "stop" or "pause": a run at work obeys after its current step, any other at once.

    Raises StoreError where there is nothing to stop or pause.
    """
    own = runs.c.run_id == run_id
    with engine.execution_options(writes=True).begin() as connection:
        before = connection.execute(select(runs.c.status).where(own)).scalar_one()
        after = next_status(before, EVENTS[wish])
        if after is None:
            raise StoreError(
                f"run {run_id} is {before}; only a queued or running run can be asked to {wish}"
            )
        values: dict[str, Any] = (
            {"request": wish, "reason": f"{wish} requested"}
            if after in ACTIVE
            else {
                "reason": f"{after} by request before it was running",
                "ended": time.time(),
            }
        )
        connection.execute(update(runs).where(own).values(**values, status=after))


def resume_run(engine: Engine, home: Home, record: RunRecord, is_local: bool) -> None:
    """Queue a run that is not done again; it goes on from its last checkpoint.

    Data that are gone raise DataError.
    """
    if next_status(record.status, RESUME) is None:
        raise _not_resumable(record.run_id, record.status)
    # another machine that shares the store may have what is not here
    note = settle_stored(engine, record) if is_local else ""
    forget_launch(home.run_folder(record.run_id))
    own = runs.c.run_id == record.run_id
    with engine.execution_options(writes=True).begin() as connection:
        # somebody else may have resumed it since it was read
        before = connection.execute(select(runs.c.status).where(own)).scalar_one()
        after = next_status(before, RESUME)
        if after is None:
            raise _not_resumable(record.run_id, before)
        connection.execute(
            update(runs).where(own).values(status=after, reason=note, request="", ended=None)
        )


def _not_resumable(run_id: str, status: str) -> StoreError:
    return StoreError(f"run {run_id} is {status}; only a {resumable_words()} run can be resumed")
