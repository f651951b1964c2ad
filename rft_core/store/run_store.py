"""Runs: queue, claims, status. The one place where a run's status changes.

queued -> running -> finished | failed | stopped | paused | lost, with stopping while a request is
on its way. A run is never "running" because nobody said otherwise: `reconcile` holds every claim
against the process that made it.
"""

import json
import secrets
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from rft_core.cost.run_cost import Pace
from rft_core.errors import StoreError, UnknownNameError, printable
from rft_core.files.home import Home, find_home
from rft_core.spec.run_spec import RunSpec, absolute_spec, spec_hash, with_settings
from rft_core.spec.stored_spec import parse_stored
from rft_core.store import process
from rft_core.store.artifacts import remove_folder
from rft_core.store.connection import open_engine
from rft_core.store.journal import recover
from rft_core.store.launches import forget_launch
from rft_core.store.paths import settle_stored
from rft_core.store.queue import pick_device
from rft_core.store.records import ACTIVE, RESUMABLE, RunRecord, as_record, seconds_since
from rft_core.store.schema import runs, summaries
from rft_core.store.summaries import (
    PAGE_ROWS,
    Page,
    Wanted,
    anything_moves,
    behind_summaries,
    find_paces,
    list_summaries,
    mend_summaries,
    write_summary,
)

RESERVED = "reserved"
# how long the process of another host may be silent before its run counts as lost
SILENCE_SECONDS = 300.0
# how long a deleted run can be brought back
UNDO_SECONDS = 600.0


class RunStore:
    """The runs of one home."""

    def __init__(self, home: Home):
        self.home = home
        self.engine = open_engine(home.store_url)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can work on its runs."""
        return self.engine.dialect.name == "sqlite"

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run's files, made if needed."""
        path = self.home.run_folder(run_id)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def submit(self, spec: RunSpec, *, reserved: bool = False) -> str:
        """Queue a run, with its paths absolute, and return its id.

        No worker takes a `reserved` one.
        """
        run_id, owner = new_run_id(), {}
        if reserved:
            pid, pid_start = process.this_process()
            owner = {
                "request": RESERVED,
                "host": process.this_host(),
                "pid": pid,
                "pid_start": pid_start,
            }
        with self._write() as connection:
            insert_run(connection, run_id, absolute_spec(spec), **owner)
        return run_id

    def get(self, run_id: str) -> RunRecord:
        """Return one run, by id or by an unambiguous beginning of it; an unknown
        or deleted one raises.
        """
        # a terminal of another encoding hands over bytes that no database takes
        run_id = run_id.encode(errors="replace").decode()
        with self.engine.connect() as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
            if row is not None and row.deleted is not None:
                raise StoreError(
                    f"run {run_id} was deleted; the Runs page can bring it back for"
                    f" {UNDO_SECONDS / 60:.0f} minutes"
                )
            if row is None:
                row = self._by_prefix(connection, run_id)
        return as_record(row)

    def _by_prefix(self, connection: Connection, run_id: str) -> Row:
        shown = runs.c.deleted.is_(None)
        known = (
            connection.execute(
                select(runs)
                .where(runs.c.run_id.startswith(run_id, autoescape=True), shown)
                .limit(2)
            ).all()
            if 0 < len(run_id) <= runs.c.run_id.type.length
            else []
        )
        if len(known) == 1:
            return known[0]
        if known:
            raise StoreError(f"'{run_id}' is the beginning of several runs; write more of it")
        names = list(
            connection.execute(
                select(runs.c.run_id).where(shown).order_by(runs.c.created.desc()).limit(50)
            ).scalars()
        )
        if not names:
            raise StoreError(
                f"there is no run '{printable(run_id)}': no run is stored yet; launch one with"
                " `run` or `submit`"
            )
        raise UnknownNameError("run", run_id, names)

    def records(self, statuses: tuple[str, ...] | None = None, limit: int = 500) -> list[RunRecord]:
        """Return runs whole, newest first; a list wants `summaries`."""
        query = (
            select(runs)
            .where(runs.c.deleted.is_(None))
            .order_by(runs.c.created.desc())
            .limit(limit)
        )
        if statuses is not None:
            query = query.where(runs.c.status.in_(statuses))
        with self.engine.connect() as connection:
            return [as_record(row) for row in connection.execute(query)]

    def summaries(
        self, wanted: Wanted | None = None, limit: int = PAGE_ROWS, offset: int = 0
    ) -> Page:
        """Return a page of runs, newest first unless `wanted` says otherwise, without reading
        specs, reports or events.
        """
        return list_summaries(self.engine, wanted or Wanted(), limit, offset)

    @property
    def is_busy(self) -> bool:
        """Whether a run is queued or at work."""
        return anything_moves(self.engine)

    def claim(self, devices: tuple[str, ...], run_id: str | None = None) -> RunRecord | None:
        """Claim the oldest queued run (or `run_id`) that wants one of this host's
        `devices` and finds it free.

        The claim and the check are one transaction, so no run starts twice and each device
        has one run at a time.
        """
        host, (pid, pid_start), now = process.this_host(), process.this_process(), time.time()
        with self._write() as connection:
            busy = set(
                connection.execute(
                    select(runs.c.device).where(runs.c.status.in_(ACTIVE), runs.c.host == host)
                ).scalars()
            )
            query = select(runs.c.run_id, runs.c.started, summaries.c.wanted_device).join(
                summaries, summaries.c.run_id == runs.c.run_id
            )
            query = query.where(runs.c.status == "queued", runs.c.deleted.is_(None)).order_by(
                runs.c.created
            )
            for row in connection.execute(
                query.where(runs.c.request == "" if run_id is None else runs.c.run_id == run_id)
            ).all():
                device = pick_device(row.wanted_device, devices, busy)
                if device is None:
                    continue
                claim = {
                    "status": "running",
                    "reason": "",
                    "request": "",
                    "host": host,
                    "device": device,
                    "pid": pid,
                    "pid_start": pid_start,
                    "heartbeat": now,
                }
                started = row.started or now
                connection.execute(
                    update(runs)
                    .where(runs.c.run_id == row.run_id)
                    .values(**claim, started=started, ended=None)
                )
                return as_record(
                    connection.execute(select(runs).where(runs.c.run_id == row.run_id)).one()
                )
        return None

    def adopt(self, run_id: str, claimer: int | None) -> bool:
        """Make this process the owner of a run that process `claimer` claimed for it; False when
        the run is no longer that one's.
        """
        pid, pid_start = process.this_process()
        theirs = (runs.c.run_id == run_id) & runs.c.status.in_(ACTIVE) & (runs.c.pid == claimer)
        with self._write() as connection:
            return (
                connection.execute(
                    update(runs)
                    .where(theirs)
                    .values(pid=pid, pid_start=pid_start, heartbeat=time.time())
                ).rowcount
                > 0
            )

    def beat(self, run_id: str, step: int, total_steps: int | None, reason: str = "") -> str:
        """Record a heartbeat, the progress and what there is to say of it; return what a person
        asked for: "", "stop" or "pause".
        """
        with self._write() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id)
                .values(heartbeat=time.time(), step=step, total_steps=total_steps)
            )
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id, runs.c.status == "running")
                .values(reason=reason)
            )
            return (
                connection.execute(select(runs.c.request).where(runs.c.run_id == run_id)).scalar()
                or ""
            )

    def finish(
        self, run_id: str, status: str, reason: str = "", report: dict[str, Any] | None = None
    ) -> None:
        """End a run's work with a status and a reason a person can act on; a report is
        kept when there is one.
        """
        values: dict[str, Any] = {
            "status": status,
            "reason": reason,
            "request": "",
            "ended": time.time(),
        }
        if report is not None:
            values["report"] = json.dumps(report)
        if status == "lost":
            recover(self.engine, run_id, self.home.run_folder(run_id))
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))
            self._summarise(connection, run_id)

    def request(self, run_id: str, wish: str) -> RunRecord:
        """Ask for "stop" or "pause".

        A queued run obeys at once; a running one after its current step.
        """
        ended = {"stop": "stopped", "pause": "paused"}[wish]
        with self._write() as connection:
            row = as_record(
                connection.execute(
                    select(runs).where(runs.c.run_id == self.get(run_id).run_id)
                ).one()
            )
            if row.status in ("queued", "paused", "lost") and row.status != ended:
                connection.execute(
                    update(runs)
                    .where(runs.c.run_id == row.run_id)
                    .values(
                        status=ended,
                        reason=f"{ended} by request before it was running",
                        ended=time.time(),
                    )
                )
            elif row.is_active:
                connection.execute(
                    update(runs)
                    .where(runs.c.run_id == row.run_id)
                    .values(status="stopping", request=wish, reason=f"{wish} requested")
                )
            else:
                raise StoreError(
                    f"run {row.run_id} is {row.status}; only a queued or running run can be asked"
                    f" to {wish}"
                )
        return self.get(row.run_id)

    def resume(self, run_id: str) -> RunRecord:
        """Queue a run that is not done again; it goes on from its last checkpoint.

        Data that are gone raise DataError.
        """
        record = self.get(run_id)
        if record.status not in RESUMABLE:
            raise StoreError(
                f"run {record.run_id} is {record.status}; only a {', '.join(RESUMABLE[:-1])} or"
                f" {RESUMABLE[-1]} run can be resumed"
            )
        # another machine that shares the store may have what is not here
        note = settle_stored(self.engine, record) if self.is_local else ""
        forget_launch(self.home.run_folder(record.run_id))
        self._set(record.run_id, status="queued", reason=note, request="", ended=None)
        return self.get(record.run_id)

    def delete(self, run_id: str) -> None:
        """Remove a run that is not active, with its events and files, at once and for good."""
        record = self._idle(run_id)
        self._remove(record.run_id)

    def discard(self, run_id: str) -> RunRecord:
        """Hide a run that is not active; `restore` brings it back until it is purged.

        Purges what was discarded long ago.
        """
        record = self._idle(run_id)
        self.purge()
        self._set(record.run_id, deleted=time.time())
        return record

    def restore(self, run_id: str) -> RunRecord:
        """Bring a discarded run back as it was; one that is gone raises."""
        self._set(run_id, deleted=None)
        return self.get(run_id)

    def discarded(self) -> list[tuple[str, str, float]]:
        """Return (run id, name, when it was deleted) of the runs that can be
        brought back, newest first.
        """
        query = (
            select(runs.c.run_id, runs.c.name, runs.c.deleted)
            .where(runs.c.deleted.is_not(None))
            .order_by(runs.c.deleted.desc())
        )
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def purge(self, older_than: float = UNDO_SECONDS) -> list[str]:
        """Remove, with events and files, the runs that were discarded at least `older_than` seconds
        ago; return their ids.
        """
        gone = [
            run_id for run_id, _, deleted in self.discarded() if time.time() - deleted >= older_than
        ]
        for run_id in gone:
            self._remove(run_id)
        return gone

    def _idle(self, run_id: str) -> RunRecord:
        record = self.get(run_id)
        if record.is_active:
            raise StoreError(f"run {record.run_id} is {record.status}; stop it before deleting it")
        return record

    def _remove(self, run_id: str) -> None:
        with self._write() as connection:
            connection.execute(delete(runs).where(runs.c.run_id == run_id))
        remove_folder(self.home.run_folder(run_id))

    def annotate(
        self,
        run_id: str,
        *,
        name: str | None = None,
        notes: str | None = None,
        tags: tuple[str, ...] | None = None,
    ) -> None:
        """Change a run's name, notes or tags; nothing that decides its numbers."""
        words = {
            key: value
            for key, value in (("name", name), ("notes", notes), ("tags", tags))
            if value is not None
        }
        record = self.get(run_id)
        # read again inside the transaction: notes and tags may be written at the same
        # moment from two pages
        with self._write() as connection:
            stored = connection.execute(
                select(runs.c.spec).where(runs.c.run_id == record.run_id)
            ).scalar_one()
            changed = with_settings(parse_stored(stored), words)
            # words that nobody changed stay as they were written, whichever version wrote them
            values = {
                "spec": json.dumps(
                    json.loads(stored) | changed.model_dump(mode="json", include=set(words)),
                    indent=2,
                )
            }
            values |= {"name": changed.name or record.run_id} if "name" in words else {}
            connection.execute(update(runs).where(runs.c.run_id == record.run_id).values(**values))
            self._summarise(connection, record.run_id)

    def measured_paces(self, spec: RunSpec) -> list[Pace]:
        """Return how long finished runs here took that are like `spec`, the likest first."""
        return find_paces(self.engine, spec, process.this_host())

    def reconcile(self, spared: Collection[str] = ()) -> list[str]:
        """Mark runs "lost" whose process on this host is gone, or whose other host has long been
        silent; return their ids.

        `spared` runs are left to the caller, who started them and knows how their processes ended.
        """
        lost: list[str] = []
        self._mend()
        for row in self.gone():
            if row.run_id in spared:
                continue
            if row.status == "queued":
                self.finish(
                    row.run_id,
                    "stopped",
                    "the command that would have run it ended first; resume it to run it in the"
                    " background",
                )
            elif self._mark_lost(row):
                lost.append(row.run_id)
        return lost

    def gone(self) -> list[Row]:
        """Return the runs (run_id, status, pid, host, step and more) that `reconcile` would mark:
        at work, or reserved, without a process.
        """
        here = process.this_host()
        columns = (
            runs.c.run_id,
            runs.c.status,
            runs.c.request,
            runs.c.host,
            runs.c.pid,
            runs.c.pid_start,
            runs.c.heartbeat,
            runs.c.step,
        )
        reserved = (
            (runs.c.status == "queued") & (runs.c.request == RESERVED) & (runs.c.host == here)
        )
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(*columns).where(runs.c.status.in_(ACTIVE) | reserved)
            ).all()
        return [row for row in rows if _is_gone(row, here)]

    def _mark_lost(self, row: Row) -> bool:
        # the process of a host that is silent may live, and hand in its events itself
        if row.host == process.this_host():
            recover(self.engine, row.run_id, self.home.run_folder(row.run_id))
        reason = (
            f"its process ({row.pid} on {row.host}) ended without a word at step {row.step}; resume"
            " it to go on from its last checkpoint"
        )
        with self._write() as connection:
            same = (
                (runs.c.run_id == row.run_id) & runs.c.status.in_(ACTIVE) & (runs.c.pid == row.pid)
            )
            return (
                connection.execute(
                    update(runs)
                    .where(same)
                    .values(status="lost", reason=reason, request="", ended=time.time())
                ).rowcount
                > 0
            )

    def _mend(self) -> None:
        """A worker that was started before the program was updated goes on
        writing without summaries.
        """
        with self.engine.connect() as connection:
            behind = connection.execute(behind_summaries()).first()
        if behind is not None:
            with self._write() as connection:
                mend_summaries(connection)

    def _summarise(self, connection: Connection, run_id: str) -> None:
        row = connection.execute(
            select(runs.c.spec, runs.c.report).where(runs.c.run_id == run_id)
        ).first()
        if row is not None:
            write_summary(connection, run_id, row.spec, row.report)

    def _set(self, run_id: str, **values: Any) -> None:
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))

    def _write(self):
        return self.engine.execution_options(writes=True).begin()


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


def open_store(home: Home | None = None) -> RunStore:
    """Return the store of `home`, by default the one of RFT_HOME and RFT_STORE."""
    return RunStore(home or find_home())


def _is_gone(row: Row, here: str) -> bool:
    return (
        not process.is_alive(row.pid, row.pid_start)
        if row.host == here
        else (seconds_since(row.heartbeat) or 0) > SILENCE_SECONDS
    )
