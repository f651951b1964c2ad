"""Events of a run: append-only rows, read "after sequence s"."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from rft_core.store.schema import events

# the kind under which a row is read whose payload is no JSON object
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Event:
    """One row: its position in the run, wall time in seconds since 1970, its kind and payload."""

    sequence: int
    step: int
    epoch: float
    wall_time: float
    kind: str
    payload: dict[str, Any]


def append_events(engine: Engine, run_id: str, rows: Sequence[Event]) -> None:
    """Append `rows` in one transaction."""
    if not rows:
        return
    with engine.execution_options(writes=True).begin() as connection:
        _insert(connection, run_id, rows)


def append_missing(engine: Engine, run_id: str, rows: Sequence[Event]) -> None:
    """Append those of `rows` that lie beyond the newest stored event, in one transaction: two
    processes may try at once.
    """
    newest = select(func.max(events.c.sequence)).where(events.c.run_id == run_id)
    with engine.execution_options(writes=True).begin() as connection:
        last = connection.execute(newest).scalar() or 0
        if missing := [row for row in rows if row.sequence > last]:
            _insert(connection, run_id, missing)


def _insert(connection: Connection, run_id: str, rows: Sequence[Event]) -> None:
    values = [
        {
            "run_id": run_id,
            "sequence": row.sequence,
            "step": row.step,
            "epoch": row.epoch,
            "wall_time": row.wall_time,
            "kind": row.kind,
            "payload": _dump(row.payload),
        }
        for row in rows
    ]
    connection.execute(insert(events), values)


def read_events(
    engine: Engine, run_id: str, after: int = 0, kinds: Sequence[str] | None = None
) -> list[Event]:
    """Return the events of a run with a sequence beyond `after`, oldest first, of
    all kinds or of some.

    One whose payload is no JSON object has the kind UNREADABLE and an empty payload.
    """
    query = (
        select(events)
        .where(events.c.run_id == run_id, events.c.sequence > after)
        .order_by(events.c.sequence)
    )
    if kinds is not None:
        query = query.where(events.c.kind.in_(list(kinds)))
    with engine.connect() as connection:
        return [
            Event(row.sequence, row.step, row.epoch, row.wall_time, *_load(row.kind, row.payload))
            for row in connection.execute(query)
        ]


def last_sequence(engine: Engine, run_id: str) -> int:
    """Return the sequence of the newest event, 0 when there is none."""
    with engine.connect() as connection:
        return (
            connection.execute(
                select(func.max(events.c.sequence)).where(events.c.run_id == run_id)
            ).scalar()
            or 0
        )


def last_sequences(engine: Engine, run_ids: Sequence[str]) -> dict[str, int]:
    """Return the sequence of the newest event of each run, 0 where there is none."""
    query = (
        select(events.c.run_id, func.max(events.c.sequence))
        .where(events.c.run_id.in_(list(run_ids)))
        .group_by(events.c.run_id)
    )
    with engine.connect() as connection:
        found = dict(connection.execute(query).all())
    return {run_id: found.get(run_id, 0) for run_id in run_ids}


def _load(kind: str, text: str) -> tuple[str, dict[str, Any]]:
    try:
        payload = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        payload = None
    return (kind, payload) if isinstance(payload, dict) else (UNREADABLE, {})


def _dump(payload: dict[str, Any]) -> str:
    return json.dumps(
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in payload.items()
        }
    )
