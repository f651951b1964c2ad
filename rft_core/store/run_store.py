"""Runs: queue, claims, status. The one place where a run's status changes.

queued -> running -> finished | failed | stopped | paused | lost, with stopping while a request is on its way. A run is
never "running" because nobody said otherwise: `reconcile` holds every claim against the process that made it.
"""

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from rft_core.errors import StoreError, UnknownNameError
from rft_core.home import Home, find_home
from rft_core.spec import RunSpec, parse, spec_hash
from rft_core.store import process
from rft_core.store.connection import open_engine
from rft_core.store.tables import runs

ACTIVE = ("running", "stopping")
ENDED = ("finished", "failed", "stopped")
RESUMABLE = ("paused", "stopped", "lost", "failed")
RESERVED = "reserved"
# how long the process of another host may be silent before its run counts as lost
SILENCE_SECONDS = 300.0


@dataclass(frozen=True)
class RunRecord:
    """One stored run; `spec` is what was wanted, `report` what was measured (None until there is one)."""

    run_id: str
    number: int
    name: str
    spec: RunSpec
    status: str
    reason: str
    request: str
    host: str | None
    device: str | None
    pid: int | None
    pid_start: float | None
    heartbeat: float | None
    created: float
    started: float | None
    ended: float | None
    step: int
    total_steps: int | None
    report: dict[str, Any] | None

    @property
    def is_active(self) -> bool:
        """Whether a process is, or should be, working on it."""
        return self.status in ACTIVE

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since its process was last heard of."""
        return None if self.heartbeat is None else max(0.0, time.time() - self.heartbeat)

    @property
    def progress(self) -> float:
        """Share of training done, 0..1."""
        return min(1.0, self.step / self.total_steps) if self.total_steps else 0.0

    def summary(self) -> dict[str, Any]:
        """Return what `show --json` prints."""
        names = (
            "run_id",
            "number",
            "name",
            "status",
            "reason",
            "step",
            "total_steps",
            "pid",
            "host",
            "device",
            "created",
            "started",
            "ended",
            "heartbeat_age",
            "report",
        )
        return {name: getattr(self, name) for name in names} | {"spec": self.spec.model_dump(mode="json")}


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
        """Queue a run; return its id. A `reserved` one waits for this very process, and no worker takes it."""
        run_id = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(3)
        row = {"run_id": run_id, "name": spec.name or run_id, "spec": spec.to_json(), "spec_hash": spec_hash(spec), "status": "queued", "created": time.time()}
        if reserved:
            pid, pid_start = process.this_process()
            row |= {"request": RESERVED, "host": process.this_host(), "pid": pid, "pid_start": pid_start}
        with self._write() as connection:
            newest = connection.execute(select(func.max(runs.c.number))).scalar()
            connection.execute(insert(runs).values(**row, number=0 if newest is None else newest + 1))
        return run_id

    def get(self, run_id: str) -> RunRecord:
        """Return one run, by id or by an unambiguous beginning of it; an unknown one raises."""
        with self.engine.connect() as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
            if row is None:
                row = self._by_prefix(connection, run_id)
        return _record(row)

    def _by_prefix(self, connection: Connection, run_id: str) -> Row:
        known = connection.execute(select(runs).where(runs.c.run_id.startswith(run_id, autoescape=True)).limit(2)).all() if run_id else []
        if len(known) == 1:
            return known[0]
        if known:
            raise StoreError(f"'{run_id}' is the beginning of several runs; write more of it")
        names = list(connection.execute(select(runs.c.run_id).order_by(runs.c.created.desc()).limit(50)).scalars())
        if not names:
            raise StoreError(f"there is no run '{run_id}': no run is stored yet; launch one with `run` or `submit`")
        raise UnknownNameError("run", run_id, names)

    def records(self, statuses: tuple[str, ...] | None = None, limit: int = 500) -> list[RunRecord]:
        """Return runs, newest first."""
        query = select(runs).order_by(runs.c.created.desc()).limit(limit)
        if statuses is not None:
            query = query.where(runs.c.status.in_(statuses))
        with self.engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]

    def claim(self, devices: tuple[str, ...], run_id: str | None = None) -> RunRecord | None:
        """Claim the oldest queued run (or `run_id`) that wants one of this host's `devices` and finds it free.

        The claim and the check are one transaction, so no run starts twice and each device has one run at a time.
        """
        host, (pid, pid_start), now = process.this_host(), process.this_process(), time.time()
        with self._write() as connection:
            busy = set(connection.execute(select(runs.c.device).where(runs.c.status.in_(ACTIVE), runs.c.host == host)).scalars())
            query = select(runs).where(runs.c.status == "queued").order_by(runs.c.created)
            query = query.where(runs.c.request == "" if run_id is None else runs.c.run_id == run_id)
            for row in connection.execute(query):
                device = _pick_device(parse(row.spec).runtime.device, devices, busy)
                if device is None:
                    continue
                claim = {"status": "running", "reason": "", "request": "", "host": host, "device": device, "pid": pid, "pid_start": pid_start, "heartbeat": now}
                started = row.started or now
                connection.execute(update(runs).where(runs.c.run_id == row.run_id).values(**claim, started=started, ended=None))
                return _record(connection.execute(select(runs).where(runs.c.run_id == row.run_id)).one())
        return None

    def adopt(self, run_id: str) -> None:
        """Make this process the owner of a claimed run (the child, after the worker that claimed it)."""
        pid, pid_start = process.this_process()
        self._set(run_id, pid=pid, pid_start=pid_start, heartbeat=time.time())

    def beat(self, run_id: str, step: int, total_steps: int | None, reason: str = "") -> str:
        """Record a heartbeat, the progress and what there is to say of it; return what a person asked for: "", "stop" or "pause"."""
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(heartbeat=time.time(), step=step, total_steps=total_steps))
            connection.execute(update(runs).where(runs.c.run_id == run_id, runs.c.status == "running").values(reason=reason))
            return connection.execute(select(runs.c.request).where(runs.c.run_id == run_id)).scalar() or ""

    def finish(self, run_id: str, status: str, reason: str = "", report: dict[str, Any] | None = None) -> None:
        """End a run's work with a status and a reason a person can act on; a report is kept when there is one."""
        values: dict[str, Any] = {"status": status, "reason": reason, "request": "", "ended": time.time()}
        if report is not None:
            values["report"] = json.dumps(report)
        self._set(run_id, **values)

    def request(self, run_id: str, wish: str) -> RunRecord:
        """Ask for "stop" or "pause". A queued run obeys at once; a running one after its current step."""
        ended = {"stop": "stopped", "pause": "paused"}[wish]
        with self._write() as connection:
            row = _record(connection.execute(select(runs).where(runs.c.run_id == self.get(run_id).run_id)).one())
            if row.status in ("queued", "paused", "lost") and row.status != ended:
                connection.execute(
                    update(runs).where(runs.c.run_id == row.run_id).values(status=ended, reason=f"{ended} by request before it was running", ended=time.time())
                )
            elif row.is_active:
                connection.execute(update(runs).where(runs.c.run_id == row.run_id).values(status="stopping", request=wish, reason=f"{wish} requested"))
            else:
                raise StoreError(f"run {row.run_id} is {row.status}; only a queued or running run can be asked to {wish}")
        return self.get(row.run_id)

    def resume(self, run_id: str) -> RunRecord:
        """Queue a paused, stopped, lost or failed run again; it goes on from its last checkpoint."""
        record = self.get(run_id)
        if record.status not in RESUMABLE:
            raise StoreError(f"run {record.run_id} is {record.status}; only a {', '.join(RESUMABLE[:-1])} or {RESUMABLE[-1]} run can be resumed")
        self._set(record.run_id, status="queued", reason="", request="", ended=None)
        return self.get(record.run_id)

    def delete(self, run_id: str) -> None:
        """Remove a run that is not active, with its events and files."""
        record = self.get(run_id)
        if record.is_active:
            raise StoreError(f"run {record.run_id} is {record.status}; stop it before deleting it")
        with self._write() as connection:
            connection.execute(delete(runs).where(runs.c.run_id == record.run_id))
        remove_folder(self.home.run_folder(record.run_id))

    def annotate(self, run_id: str, *, name: str | None = None, notes: str | None = None) -> None:
        """Change a run's name or notes; nothing that decides its numbers."""
        record = self.get(run_id)
        changed = record.spec.model_copy(update={key: value for key, value in (("name", name), ("notes", notes)) if value is not None})
        self._set(record.run_id, name=changed.name or record.run_id, spec=parse(changed.to_json()).to_json())

    def measured_rate(self, spec: RunSpec) -> tuple[float | None, str]:
        """Return (gradient evaluations a second, what it rests on) from the newest finished run here with this backbone and size."""
        for record in self.records(("finished",), limit=100):
            same = (record.spec.model.backbone, record.spec.data.image_size, record.spec.runtime.device) == (
                spec.model.backbone,
                spec.data.image_size,
                spec.runtime.device,
            )
            if same and record.host == process.this_host() and record.report and record.report["seconds"] > 0:
                return record.report["gradient_evaluations"] / record.report["seconds"], f"the run '{record.name}' on this machine"
        return None, ""

    def reconcile(self) -> list[str]:
        """Mark runs "lost" whose process on this host is gone, or whose other host has long been silent; return their ids."""
        lost = []
        for record in self.records(ACTIVE):
            here = record.host == process.this_host()
            gone = not process.is_alive(record.pid, record.pid_start) if here else (record.heartbeat_age or 0) > SILENCE_SECONDS
            if gone and self._mark_lost(record):
                lost.append(record.run_id)
        for record in self.records(("queued",)):
            if record.request == RESERVED and record.host == process.this_host() and not process.is_alive(record.pid, record.pid_start):
                self.finish(record.run_id, "stopped", "the command that would have run it ended first; resume it to run it in the background")
        return lost

    def _mark_lost(self, record: RunRecord) -> bool:
        reason = f"its process ({record.pid} on {record.host}) ended without a word at step {record.step}; resume it to go on from its last checkpoint"
        with self._write() as connection:
            same = (runs.c.run_id == record.run_id) & runs.c.status.in_(ACTIVE) & (runs.c.pid == record.pid)
            return connection.execute(update(runs).where(same).values(status="lost", reason=reason, request="", ended=time.time())).rowcount > 0

    def _set(self, run_id: str, **values: Any) -> None:
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))

    def _write(self):
        return self.engine.execution_options(writes=True).begin()


def open_store(home: Home | None = None) -> RunStore:
    """Return the store of `home`, by default the one of RFT_HOME and RFT_STORE."""
    return RunStore(home or find_home())


def remove_folder(path: Path) -> None:
    """Remove a run's folder and all files below it."""
    for child in sorted(path.rglob("*"), key=lambda one: len(one.parts), reverse=True):
        child.rmdir() if child.is_dir() and not child.is_symlink() else child.unlink(missing_ok=True)
    if path.exists():
        path.rmdir()


def _pick_device(wanted: str, devices: tuple[str, ...], busy: set[str]) -> str | None:
    if wanted == "auto":
        # the accelerator when there is one, also when it must be waited for: a CPU would take longer still
        wishes = [device for device in devices if device != "cpu"] or ["cpu"]
    else:
        wishes = [device for device in devices if device == wanted or (wanted == "cuda" and device.startswith("cuda"))]
    return next((device for device in wishes if device not in busy), None)


def _record(row: Row) -> RunRecord:
    values = row._mapping
    fields = {name: values[name] for name in RunRecord.__dataclass_fields__ if name not in ("spec", "report")}
    return RunRecord(**fields, spec=parse(row.spec), report=json.loads(row.report) if row.report else None)
