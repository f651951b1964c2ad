"""Runs side by side: their numbers, the settings that differ, and whether a difference is more than
luck.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rft_core.cost.schedule_demand import never_attacks
from rft_core.metrics.shared_images import describe_shared
from rft_core.metrics.transfer import is_suboptimal_transfer, transfer_gap, transfer_gap_interval
from rft_core.report.comparison.pairs import pair_runs
from rft_core.report.run.measured_run import measured_report
from rft_core.report.run.measurement_words import measurement_warnings
from rft_core.report.run.run_labels import run_labels
from rft_core.spec.run_spec import differences
from rft_core.store.records import RunRecord

SHIFT_MEANS = ("domain_mean", "corruption_mean")
METRICS = ("clean_accuracy", "robust_accuracy", "expected_robustness")


@dataclass(frozen=True)
class Comparison:
    """One row per run; `settings` maps each setting that differs to one value per run; `warnings`
    say what makes the comparison unfair.
    """

    rows: list[dict[str, Any]]
    settings: dict[str, list[Any]]
    warnings: list[str]
    paired: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return what `compare --json` prints."""
        return {
            "runs": self.rows,
            "settings_that_differ": self.settings,
            "warnings": self.warnings,
            "paired": self.paired,
        }


def compare(
    records: list[RunRecord], runs_folder: Path | None = None, baseline: str | None = None
) -> Comparison:
    """Return the comparison of `records`, in their order.

    With the folder of all runs' files, every run is also paired with `baseline` (a run id;
    the first by default), image by image, where both were measured on the same test images
    at the same epsilons.
    """
    pairs = [] if runs_folder is None else pair_runs(records, runs_folder, baseline)
    labels = run_labels(records)
    named = {record.run_id: label for record, label in zip(records, labels)}
    pairs = [
        replace(pair, name=named[pair.run_id], baseline_name=named[pair.baseline_id])
        for pair in pairs
    ]
    paired = [pair.as_dict() for pair in pairs if pair.is_paired and pair.is_alike]
    rows = [_row(record, label) for record, label in zip(records, labels)]
    _add_transfer(records, rows)
    return Comparison(
        rows, differences([record.spec for record in records]), _warnings(records, labels), paired
    )


def is_standard(record: RunRecord) -> bool:
    """Whether a run is ordinary fine-tuning: no attack at any step."""
    return never_attacks(record.spec)


def _add_transfer(records: list[RunRecord], rows: list[dict[str, Any]]) -> None:
    """Add to every row the accuracy it lost against the first standard run, if there is one."""
    standard = next((record for record in records if record.report and is_standard(record)), None)
    for record, row in zip(records, rows):
        row["transfer_failure"] = (record.report or {}).get("transfer_failure")
        row["transfer_gap"] = row["suboptimal_transfer"] = None
        if (
            standard is None
            or record is standard
            or not record.report
            or not _is_same_task(record, standard)
        ):
            continue
        run, best = record.report["curve"][0], measured_report(standard)["curve"][0]
        gap = transfer_gap(run["accuracy"], best["accuracy"])
        low, _ = transfer_gap_interval(_count(run), run["n"], _count(best), best["n"])
        row["transfer_gap"], row["suboptimal_transfer"] = (
            gap,
            bool(is_suboptimal_transfer(gap, low)),
        )


def _is_same_task(first: RunRecord, second: RunRecord) -> bool:
    """Whether clean accuracies of two runs may be subtracted: they learned the same dataset, or
    were measured on the same images.
    """
    digests = [measured_report(record)["images_digest"] for record in (first, second)]
    return digests[0] == digests[1] or first.spec.data.dataset == second.spec.data.dataset


def _count(point: dict[str, Any]) -> int:
    return round(point["accuracy"] * point["n"])


def _row(record: RunRecord, label: str) -> dict[str, Any]:
    report = record.report or {}
    adapted, shifts = report.get("onset") or {}, report.get("shifts") or {}
    return {
        "run_id": record.run_id,
        "name": record.name,
        "label": label,
        "status": record.status,
        **{metric: report.get(metric) for metric in METRICS},
        **{mean: shifts.get(mean) for mean in SHIFT_MEANS},
        "hypervolume": report.get("hypervolume"),
        "onset_step": adapted.get("step"),
        "onset_epoch": adapted.get("epoch"),
        "seconds": report.get("seconds"),
        "gradient_evaluations": report.get("gradient_evaluations"),
        "n": report["curve"][0]["n"] if report.get("curve") else None,
        "measured_by": record.measured_by.as_dict() if record.measured_by else None,
    }


def _warnings(records: list[RunRecord], names: list[str]) -> list[str]:
    found = measurement_warnings(records, names)
    reports = [record.report for record in records if record.report]
    if len({report["shifts"]["images_digest"] for report in reports if report.get("shifts")}) > 1:
        found.append(
            "These runs were measured on different domains or different images of them, so their"
            " means over domains and corruptions cannot be compared."
        )
    if len({(record.spec.threat.norm, record.spec.threat.epsilon) for record in records}) > 1:
        found.append(
            "These runs have different targets (norm or epsilon), so robust accuracy and expected"
            " robustness mean different things."
        )
    if any(report["status"] == "stopped" for report in reports):
        found.append(
            "One of these runs was stopped early; its numbers describe the model at that moment."
        )
    found += _shared(records, names)
    missing = [name for record, name in zip(records, names) if not record.report]
    if missing:
        found.append(f"No report yet: {', '.join(missing)}.")
    return found


def _shared(records: list[RunRecord], names: list[str]) -> list[str]:
    """Return a line for each run whose splits share images; older runs, which did not count them,
    have none.
    """
    lines = []
    for record, name in zip(records, names):
        if phrases := describe_shared((record.report or {}).get("shared_images")):
            shared = " and ".join(phrases)
            lines.append(
                f"In {name}, {shared}, pixel for pixel: its accuracy there is partly memory."
            )
    return lines
