"""Stored runs as they are read: RunRecord is a complete run, RunSummary one line of a list."""

import json
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from rft_core.metrics.measured_by import MeasuredBy
from rft_core.spec.measured_by import final_measured_by
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.status import ACTIVE


@dataclass(frozen=True)
class RunRecord:
    """One stored run; `spec` is what was wanted, `report` what was measured (None
    until there is one).

    A fork names the run whose checkpoint it began with (`parent`) and the step of that
    checkpoint (`parent_step`).
    """

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
    parent: str | None
    parent_step: int | None

    @property
    def is_active(self) -> bool:
        """Whether a process is, or should be, working on it."""
        return self.status in ACTIVE

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since its process was last heard of."""
        return seconds_since(self.heartbeat)

    @property
    def progress(self) -> float:
        """Share of training done, 0..1."""
        return share_done(self.step, self.total_steps)

    @property
    def measured_by(self) -> MeasuredBy | None:
        """By which attack, on how many test images, its report was measured;
        None until there is one.
        """
        return final_measured_by(self.spec, self.report)

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
            "parent",
            "parent_step",
            "report",
        )
        measured_by = self.measured_by.as_dict() if self.measured_by else None
        found = {name: getattr(self, name) for name in names} | {"measured_by": measured_by}
        return found | {"spec": self.spec.model_dump(mode="json")}


@dataclass(frozen=True)
class RunSummary:
    """What a list shows of one run, read without its spec, report or events.

    `clean`, `robust` (at the target epsilon) and `expected` are fractions on test images, None
    until there is a report; `epsilon` is the target in pixel scale. `measured_by` says which attack
    measured robust and expected.
    """

    run_id: str
    number: int
    name: str
    status: str
    reason: str
    host: str | None
    device: str | None
    heartbeat: float | None
    created: float
    started: float | None
    ended: float | None
    step: int
    total_steps: int | None
    parent: str | None
    parent_step: int | None
    backbone: str
    dataset: str
    strategy: str
    objective: str
    schedule: str
    norm: str
    epsilon: float
    seed: int
    tags: tuple[str, ...]
    clean: float | None
    robust: float | None
    expected: float | None
    measured_by: MeasuredBy | None

    @property
    def is_active(self) -> bool:
        """Whether a process is, or should be, working on it."""
        return self.status in ACTIVE

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since its process was last heard of."""
        return seconds_since(self.heartbeat)

    @property
    def progress(self) -> float:
        """Share of training done, 0..1."""
        return share_done(self.step, self.total_steps)


def seconds_since(moment: float | None) -> float | None:
    """Return the seconds since a wall time (seconds since 1970), at least 0; None for None."""
    return None if moment is None else max(0.0, time.time() - moment)


def share_done(step: int, total_steps: int | None) -> float:
    """Return the share of training done, 0..1; 0 while the total is unknown."""
    return min(1.0, step / total_steps) if total_steps else 0.0


def as_record(row: Row) -> RunRecord:
    """Return a row of the table `runs` as a record."""
    values = row._mapping
    fields = {
        name: values[name]
        for name in RunRecord.__dataclass_fields__
        if name not in ("spec", "report")
    }
    return RunRecord(
        **fields, spec=parse_stored(row.spec), report=json.loads(row.report) if row.report else None
    )
