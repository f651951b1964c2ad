"""Who works on a run: claims, heartbeats, how the work ended, and claims whose process is gone."""

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, select, update

from rft_core.errors import StoreError
from rft_core.store import process
from rft_core.store.journal import recover
from rft_core.store.queue import pick_device
from rft_core.store.records import RunRecord, as_record, seconds_since
from rft_core.store.schema import runs, summaries
from rft_core.store.status import ABANDON, ACTIVE, CLAIM, ENDS, next_status, statuses_before
from rft_core.store.summary_rows import summarise

RESERVED = "reserved"
# how long the process of another host may be silent before its run counts as lost
SILENCE_SECONDS = 300.0
ABANDONED = "the command that would have run it ended first; resume it to run it in the background"


def reservation() -> dict[str, Any]:
    """Return the columns of a queued run that this process keeps for itself."""
    pid, pid_start = process.this_process()
    return {
        "request": RESERVED,
        "host": process.this_host(),
        "pid": pid,
        "pid_start": pid_start,
    }


def claim_run(engine: Engine, devices: tuple[str, ...], run_id: str | None) -> RunRecord | None:
    """Claim the oldest queued run (or `run_id`) that wants one of this host's `devices` and finds
    it free; see RunStore.claim.
    """
    host, (pid, pid_start), now = process.this_host(), process.this_process(), time.time()
    query = (
        select(runs.c.run_id, runs.c.status, runs.c.started, summaries.c.wanted_device)
        .join(summaries, summaries.c.run_id == runs.c.run_id)
        .where(runs.c.status.in_(statuses_before(CLAIM)), runs.c.deleted.is_(None))
        .where(runs.c.request == "" if run_id is None else runs.c.run_id == run_id)
        .order_by(runs.c.created)
    )
    taken = select(runs.c.device).where(runs.c.status.in_(ACTIVE), runs.c.host == host)
    with engine.execution_options(writes=True).begin() as connection:
        busy = set(connection.execute(taken).scalars())
        for row in connection.execute(query).all():
            device = pick_device(row.wanted_device, devices, busy)
            if device is None:
                continue
            claim = {
                "status": next_status(row.status, CLAIM),
                "reason": "",
                "request": "",
                "host": host,
                "device": device,
                "pid": pid,
                "pid_start": pid_start,
                "heartbeat": now,
                "started": row.started or now,
                "ended": None,
            }
            own = runs.c.run_id == row.run_id
            connection.execute(update(runs).where(own).values(**claim))
            return as_record(connection.execute(select(runs).where(own)).one())
    return None


def adopt_run(engine: Engine, run_id: str, claimer: int | None) -> bool:
    """Make this process the owner of a run that process `claimer` claimed for it; False when
    `claimer` does not have the run any more.
    """
    pid, pid_start = process.this_process()
    theirs = (runs.c.run_id == run_id) & runs.c.status.in_(ACTIVE) & (runs.c.pid == claimer)
    values = {"pid": pid, "pid_start": pid_start, "heartbeat": time.time()}
    with engine.execution_options(writes=True).begin() as connection:
        return connection.execute(update(runs).where(theirs).values(**values)).rowcount > 0


def beat(engine: Engine, run_id: str, step: int, total_steps: int | None, reason: str) -> str:
    """Record a heartbeat; return what a person asked for: "", "stop" or "pause"."""
    own = runs.c.run_id == run_id
    values = {"heartbeat": time.time(), "step": step, "total_steps": total_steps}
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(update(runs).where(own).values(**values))
        connection.execute(
            update(runs).where(own, runs.c.status == "running").values(reason=reason)
        )
        return connection.execute(select(runs.c.request).where(own)).scalar() or ""


def finish_run(
    engine: Engine,
    folder: Path,
    run_id: str,
    status: str,
    reason: str = "",
    report: dict[str, Any] | None = None,
) -> None:
    """End a run's work with a status; a run that was deleted meanwhile is skipped.

    Raises StoreError where the run has ended in another way before.
    """
    values: dict[str, Any] = {"reason": reason, "request": "", "ended": time.time()}
    if report is not None:
        values["report"] = json.dumps(report)
    if status == "lost":
        recover(engine, run_id, folder)
    own = runs.c.run_id == run_id
    with engine.execution_options(writes=True).begin() as connection:
        before = connection.execute(select(runs.c.status).where(own)).scalar()
        if before is None:
            return
        after = next_status(before, ENDS[status])
        if after is None:
            raise StoreError(f"run {run_id} is {before} and cannot become {status}")
        connection.execute(update(runs).where(own).values(**values, status=after))
        summarise(connection, run_id)


def find_gone(engine: Engine) -> list[Row]:
    """Return the runs (run_id, status, pid, host, step and more) at work, or reserved, whose
    process is gone.
    """
    here = process.this_host()
    names = ("run_id", "status", "request", "host", "pid", "pid_start", "heartbeat", "step")
    reserved = (runs.c.status == "queued") & (runs.c.request == RESERVED) & (runs.c.host == here)
    query = select(*(runs.c[name] for name in names)).where(runs.c.status.in_(ACTIVE) | reserved)
    with engine.connect() as connection:
        return [row for row in connection.execute(query).all() if _is_gone(row, here)]


def mark_gone(engine: Engine, row: Row, folder: Path) -> bool:
    """Record that the process of a run is gone, unless the run has moved on meanwhile; return
    whether the run is lost now.
    """
    is_lost = next_status(row.status, ENDS["lost"]) is not None
    event = ENDS["lost"] if is_lost else ABANDON
    # the process of a host that is silent may live, and hand in its events itself
    if is_lost and row.host == process.this_host():
        recover(engine, row.run_id, folder)
    reason = (
        f"its process ({row.pid} on {row.host}) ended without a word at step {row.step}; resume"
        " it to go on from its last checkpoint"
        if is_lost
        else ABANDONED
    )
    same = (
        (runs.c.run_id == row.run_id)
        & runs.c.status.in_(ACTIVE if is_lost else statuses_before(ABANDON))
        & (runs.c.pid == row.pid)
    )
    values = {
        "status": next_status(row.status, event),
        "reason": reason,
        "request": "",
        "ended": time.time(),
    }
    with engine.execution_options(writes=True).begin() as connection:
        changed = connection.execute(update(runs).where(same).values(**values)).rowcount > 0
    return changed and is_lost


def reconcile_claims(engine: Engine, folder_of: Any, spared: Collection[str]) -> list[str]:
    """Check every claim against its process; return the ids of the runs that are lost now."""
    gone = [row for row in find_gone(engine) if row.run_id not in spared]
    return [row.run_id for row in gone if mark_gone(engine, row, folder_of(row.run_id))]


def _is_gone(row: Row, here: str) -> bool:
    return (
        not process.is_alive(row.pid, row.pid_start)
        if row.host == here
        else (seconds_since(row.heartbeat) or 0) > SILENCE_SECONDS
    )
