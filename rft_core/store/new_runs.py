"""Runs that come into the store: their id, their row, their summary."""

import secrets
import time
from typing import Any

from sqlalchemy import Connection, func, insert, select

from rft_core.spec.run_spec import RunSpec, spec_hash
from rft_core.store.schema import runs
from rft_core.store.summary_rows import write_summary


def new_run_id() -> str:
    """Return an id that sorts by time and is unique: UTC date, time and six random digits."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(3)


def insert_run(connection: Connection, run_id: str, spec: RunSpec, **columns: Any) -> None:
    """Write a queued run and its summary, with further `columns` where it has any."""
    newest, text = connection.execute(select(func.max(runs.c.number))).scalar(), spec.to_json()
    row = {
        "run_id": run_id,
        "name": spec.name or run_id,
        "spec": text,
        "spec_hash": spec_hash(spec),
        "status": "queued",
        "created": time.time(),
    }
    connection.execute(
        insert(runs).values(**row, **columns, number=0 if newest is None else newest + 1)
    )
    write_summary(connection, run_id, text)
