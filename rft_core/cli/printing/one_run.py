"""One run: its report, what became of a request, where its files lie."""

from collections.abc import Mapping, Sequence
from typing import Any

from rft_core.cli.printing.console import err, out, show_json
from rft_core.cli.printing.measured import print_curve, print_shifts
from rft_core.metrics.shared_images import describe_shared
from rft_core.report.run.measurement_words import in_brackets
from rft_core.store.records import RunRecord
from rft_core.units import format_duration, format_epsilon, format_percent


def print_answer(record: RunRecord, as_json: bool) -> None:
    """Print what became of a request."""
    if as_json:
        show_json({"run_id": record.run_id, "status": record.status, "reason": record.reason})
        return
    out.print(f"{record.run_id} {record.status} {record.reason}".rstrip(), soft_wrap=True)


def print_run(record: RunRecord) -> None:
    """Print one run: its status with the reason, and its report."""
    parts = (record.run_id, record.name, record.status, record.reason)
    out.print("  ".join(part for part in parts if part), soft_wrap=True)
    if record.parent:
        out.print(f"forked from run {record.parent} at step {record.parent_step}")
    if not record.report:
        last_heard = (
            f"; last heard of {format_duration(record.heartbeat_age)} ago"
            if record.heartbeat
            else ""
        )
        out.print(f"step {record.step} of {record.total_steps or '?'}{last_heard}")
        return
    report, threat = record.report, record.spec.threat
    target = format_epsilon(threat.epsilon, threat.norm)
    onset = report["onset"]
    adapted = f"step {onset['step']} (epoch {onset['epoch']:.1f})" if onset else "never"
    robust = in_brackets(
        f"{format_percent(report['robust_accuracy'])} at {target}", [record.measured_by]
    )
    out.print(
        f"clean {format_percent(report['clean_accuracy'])}, {robust}, "
        f"expected robustness {format_percent(report['expected_robustness'])}, "
        f"adapts at {adapted}, {format_duration(report['seconds'])}"
    )
    if record.measured_by:
        out.print(f"under attack by {record.measured_by.full}:", soft_wrap=True)
    print_curve(report["curve"], threat.norm)
    for phrase in describe_shared(report.get("shared_images")):
        out.print(f"note: {phrase}, pixel for pixel", soft_wrap=True)
    if shifts := report.get("shifts"):
        print_shifts(shifts)


def print_missing(messages: Sequence[str]) -> None:
    """Warn of data or weights that are no longer where a run's settings say."""
    for message in messages:
        err.print(message, style="yellow", soft_wrap=True)


def print_relocated(done: Mapping[str, Any]) -> None:
    """Print what paths a run has now, and what they were compared with."""
    for name, value in done["settings"].items():
        out.print(f"{done['run_id']}: {name} is now {value}", soft_wrap=True)
    if done["compared"]:
        out.print(done["compared"], soft_wrap=True)
    if others := done["others"]:
        out.print(f"other runs that still have the old path: {', '.join(others)}", soft_wrap=True)
