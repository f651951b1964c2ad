"""The report of a run that was measured, and what measured it."""

from typing import Any

from rft_core.errors import UserError
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.store.records import RunRecord


def measured_report(record: RunRecord) -> dict[str, Any]:
    """Return the report of a run; raises UserError if it has not been measured."""
    if record.report is None:
        raise UserError(f"run {record.run_id} has no report yet; it must finish first")
    return record.report


def measured_method(record: RunRecord) -> MeasuredBy:
    """Return what measured a run; raises UserError if it has not been measured."""
    method = record.measured_by
    if method is None:
        raise UserError(f"run {record.run_id} has no report yet; it must finish first")
    return method
