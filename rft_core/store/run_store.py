"""RunStore: the runs of one home, with every question about them and every change to them.

A run's status changes by the table in status.py alone. A run is never "running" because nobody said
otherwise: `reconcile` checks every claim against the process that made it.
"""

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select, update

from rft_core.cost.run_cost import Pace
from rft_core.files.home import Home, find_home
from rft_core.spec.run_spec import RunSpec, absolute_spec, with_settings
from rft_core.spec.stored_spec import parse_stored
from rft_core.store import process
from rft_core.store.claims import (
    adopt_run,
    beat,
    claim_run,
    find_gone,
    finish_run,
    reconcile_claims,
    reservation,
)
from rft_core.store.connection import open_engine
from rft_core.store.discards import (
    UNDO_SECONDS,
    list_discarded,
    purge_discarded,
    remove_run,
    require_idle,
)
from rft_core.store.lookup import find_run, list_records
from rft_core.store.new_runs import insert_run, new_run_id
from rft_core.store.paces import find_paces
from rft_core.store.records import RunRecord
from rft_core.store.requests import request_end, resume_run
from rft_core.store.schema import runs
from rft_core.store.summaries import PAGE_ROWS, Page, Wanted, anything_moves, list_summaries
from rft_core.store.summary_rows import behind_summaries, repair_summaries, summarise


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
        run_id, owner = new_run_id(), reservation() if reserved else {}
        with self._write() as connection:
            insert_run(connection, run_id, absolute_spec(spec), **owner)
        return run_id

    def get(self, run_id: str) -> RunRecord:
        """Return one run, by id or by an unambiguous beginning of it; an unknown
        or deleted one raises.
        """
        return find_run(self.engine, run_id)

    def records(self, statuses: tuple[str, ...] | None = None, limit: int = 500) -> list[RunRecord]:
        """Return complete runs, newest first; for a list use `summaries`."""
        return list_records(self.engine, statuses, limit)

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
        return claim_run(self.engine, devices, run_id)

    def adopt(self, run_id: str, claimer: int | None) -> bool:
        """Make this process the owner of a run that process `claimer` claimed for it; False when
        `claimer` does not have the run any more.
        """
        return adopt_run(self.engine, run_id, claimer)

    def beat(self, run_id: str, step: int, total_steps: int | None, reason: str = "") -> str:
        """Record a heartbeat, the progress and a remark on it; return what a person asked for: "",
        "stop" or "pause".
        """
        return beat(self.engine, run_id, step, total_steps, reason)

    def finish(
        self, run_id: str, status: str, reason: str = "", report: dict[str, Any] | None = None
    ) -> None:
        """End a run's work with a status and a reason a person can act on; a report is
        kept when there is one.

        Raises StoreError where the run has ended in another way before.
        """
        folder = self.home.run_folder(run_id)
        finish_run(self.engine, folder, run_id, status, reason, report)

    def request(self, run_id: str, wish: str) -> RunRecord:
        """Ask for "stop" or "pause".

        A queued run obeys at once; a running one after its current step.
        """
        run_id = self.get(run_id).run_id
        request_end(self.engine, run_id, wish)
        return self.get(run_id)

    def resume(self, run_id: str) -> RunRecord:
        """Queue a run that is not done again; it goes on from its last checkpoint.

        Data that are gone raise DataError.
        """
        record = self.get(run_id)
        resume_run(self.engine, self.home, record, self.is_local)
        return self.get(record.run_id)

    def delete(self, run_id: str) -> None:
        """Remove a run that is not active, with its events and files, at once and for good."""
        remove_run(self.engine, self.home, self._idle(run_id).run_id)

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
        return list_discarded(self.engine)

    def purge(self, older_than: float = UNDO_SECONDS) -> list[str]:
        """Remove, with events and files, the runs that were discarded at least `older_than` seconds
        ago; return their ids.
        """
        return purge_discarded(self.engine, self.home, older_than)

    def annotate(
        self,
        run_id: str,
        *,
        name: str | None = None,
        notes: str | None = None,
        tags: tuple[str, ...] | None = None,
    ) -> None:
        """Change a run's name, notes or tags; nothing that decides its numbers."""
        changes = {
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
            changed = with_settings(parse_stored(stored), changes)
            # words that nobody changed stay as they were written, whichever version wrote them
            values = {
                "spec": json.dumps(
                    json.loads(stored) | changed.model_dump(mode="json", include=set(changes)),
                    indent=2,
                )
            }
            values |= {"name": changed.name or record.run_id} if "name" in changes else {}
            connection.execute(update(runs).where(runs.c.run_id == record.run_id).values(**values))
            summarise(connection, record.run_id)

    def measured_paces(self, spec: RunSpec) -> list[Pace]:
        """Return how long finished runs here took that are like `spec`, the likest first."""
        return find_paces(self.engine, spec, process.this_host())

    def reconcile(self, spared: Collection[str] = ()) -> list[str]:
        """Mark runs "lost" whose process on this host is gone, or whose other host has long been
        silent; return their ids.

        `spared` runs are left to the caller, who started them and knows how their processes ended.
        """
        self._repair_summaries()
        return reconcile_claims(self.engine, self.home.run_folder, spared)

    def gone(self) -> list[Row]:
        """Return the runs (run_id, status, pid, host, step and more) that `reconcile` would mark:
        at work, or reserved, without a process.
        """
        return find_gone(self.engine)

    def _idle(self, run_id: str) -> RunRecord:
        record = self.get(run_id)
        require_idle(record)
        return record

    def _repair_summaries(self) -> None:
        """A worker that was started before the program was updated goes on
        writing without summaries.
        """
        with self.engine.connect() as connection:
            behind = connection.execute(behind_summaries()).first()
        if behind is not None:
            with self._write() as connection:
                repair_summaries(connection)

    def _set(self, run_id: str, **values: Any) -> None:
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))

    def _write(self):
        return self.engine.execution_options(writes=True).begin()


def open_store(home: Home | None = None) -> RunStore:
    """Return the store of `home`, by default the one of RFT_HOME and RFT_STORE."""
    return RunStore(home or find_home())
