"""Runs side by side: their numbers, and only the settings that differ."""

from dataclasses import dataclass
from typing import Any

from rft_core.spec import differences
from rft_core.store.run_store import RunRecord

METRICS = ("clean_accuracy", "robust_accuracy", "expected_robustness")


@dataclass(frozen=True)
class Comparison:
    """One row a run; `settings` maps each setting that differs to one value a run; `warnings` say what is unfair."""

    rows: list[dict[str, Any]]
    settings: dict[str, list[Any]]
    warnings: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return what `compare --json` prints."""
        return {"runs": self.rows, "settings_that_differ": self.settings, "warnings": self.warnings}


def compare(records: list[RunRecord]) -> Comparison:
    """Return the comparison of `records`, in their order."""
    return Comparison([_row(record) for record in records], differences([record.spec for record in records]), _warnings(records))


def _row(record: RunRecord) -> dict[str, Any]:
    report = record.report or {}
    adapted = report.get("onset") or {}
    return {
        "run_id": record.run_id,
        "name": record.name,
        "status": record.status,
        **{metric: report.get(metric) for metric in METRICS},
        "onset_step": adapted.get("step"),
        "onset_epoch": adapted.get("epoch"),
        "seconds": report.get("seconds"),
        "gradient_evaluations": report.get("gradient_evaluations"),
        "n": report["curve"][0]["n"] if report.get("curve") else None,
    }


def _warnings(records: list[RunRecord]) -> list[str]:
    found = []
    reports = [record.report for record in records if record.report]
    if len({report["images_digest"] for report in reports}) > 1:
        found.append("These runs were measured on different test images, so their differences mix task and method.")
    if len({(record.spec.threat.norm, record.spec.threat.epsilon) for record in records}) > 1:
        found.append("These runs have different targets (norm or epsilon), so robust accuracy and expected robustness mean different things.")
    if any(report["status"] == "stopped" for report in reports):
        found.append("A run here was stopped early; its numbers are of the model as it stood.")
    missing = [record.name for record in records if not record.report]
    if missing:
        found.append(f"No report yet: {', '.join(missing)}.")
    return found
