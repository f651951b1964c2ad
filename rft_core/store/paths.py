"""Change the paths of a stored run: the only settings that may change, since they say where its
data lie and not what they are.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select, update

from rft_core.errors import StoreError
from rft_core.spec.run_paths import settle_paths
from rft_core.spec.run_spec import path_settings, spec_hash, with_settings
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.events import Event, append_events, last_sequence
from rft_core.store.records import RunRecord
from rft_core.store.schema import runs
from rft_core.store.status import RELOCATE, next_status
from rft_core.store.summary_rows import write_summary


def settle_stored(engine: Engine, record: RunRecord) -> str:
    """Store the paths of a run absolute where they are relative; return a note on it, empty where
    nothing changed.

    Raises DataError where a path leads nowhere here.
    """
    spec, note = settle_paths(record.spec, record.run_id)
    if note:
        write_paths(engine, record.run_id, path_settings(spec))
    return note


def write_paths(engine: Engine, run_id: str, settings: Mapping[str, Any]) -> None:
    """Store other values of `settings` (dotted names) of a run, and a line in its log that says
    so; a run at work raises.
    """
    with engine.execution_options(writes=True).begin() as connection:
        row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one()
        if next_status(row.status, RELOCATE) is None:
            raise StoreError(
                f"run {run_id} is {row.status}; pause or stop it before its paths change"
            )
        before = parse_stored(row.spec)
        after = with_settings(before, settings)
        raw = json.loads(row.spec)
        for name in settings:
            section, _, leaf = name.partition(".")
            # the rest stays as it was written, whichever version wrote it
            raw.setdefault(section, {})[leaf] = path_settings(after)[name]
        text = json.dumps(raw, indent=2)
        values = {"spec": text, "spec_hash": spec_hash(after)}
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))
        write_summary(connection, run_id, text, row.report)
    old, new = path_settings(before), path_settings(after)
    changed = [
        f"{name} was '{old[name]}' and is now '{new[name]}'"
        for name in settings
        if old[name] != new[name]
    ]
    if changed:
        line = {"text": "; ".join(changed)}
        event = Event(last_sequence(engine, run_id) + 1, row.step, 0.0, time.time(), "log", line)
        append_events(engine, run_id, [event])
