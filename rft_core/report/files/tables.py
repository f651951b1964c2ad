"""Runs as tidy tables: runs, settings, curves, tracked evaluations and differences, with the same
columns for every selection.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rft_core.report.comparison.pairs import Pair
from rft_core.report.run.history import RunHistory, measured_at
from rft_core.report.run.measured_run import measured_method
from rft_core.report.run.run_labels import run_labels
from rft_core.spec.run_spec import flatten
from rft_core.store.records import RunRecord

# name -> kind of each column: text, integer, number or flag
TABLES = MappingProxyType(
    {
        "runs": MappingProxyType(
            {
                **dict.fromkeys(
                    (
                        "run_id",
                        "name",
                        "label",
                        "status",
                        "reason",
                        "created",
                        "ended",
                        "notes",
                        "tags",
                    ),
                    "text",
                ),
                "seed": "integer",
                **dict.fromkeys(
                    ("dataset", "backbone", "strategy", "objective", "schedule", "norm"), "text"
                ),
                **dict.fromkeys(
                    (
                        "epsilon",
                        "clean_accuracy",
                        "robust_accuracy",
                        "expected_robustness",
                        "hypervolume",
                    ),
                    "number",
                ),
                "onset_step": "integer",
                "onset_epoch": "number",
                "transfer_failure": "flag",
                **dict.fromkeys(("seconds", "images_per_second"), "number"),
                **dict.fromkeys(
                    (
                        "gradient_evaluations",
                        "trainable_parameters",
                        "total_parameters",
                        "test_images",
                    ),
                    "integer",
                ),
                **dict.fromkeys(("images_digest", "device", "precision", "torch"), "text"),
                **dict.fromkeys(("measured_by", "attack", "attack_loss"), "text"),
                **dict.fromkeys(("attack_steps", "attack_restarts"), "integer"),
                "attack_relative_step_size": "number",
            }
        ),
        "settings": MappingProxyType({"run_id": "text", "setting": "text", "value": "text"}),
        "curves": MappingProxyType(
            {
                "run_id": "text",
                "norm": "text",
                **dict.fromkeys(("epsilon", "epsilon_255", "accuracy"), "number"),
                "n": "integer",
                "low": "number",
                "high": "number",
                "measured_by": "text",
            }
        ),
        "tracked": MappingProxyType(
            {
                "run_id": "text",
                "step": "integer",
                **dict.fromkeys(("epoch", "seconds"), "number"),
                "gradient_evaluations": "integer",
                **dict.fromkeys(("expected_robustness", "epsilon", "accuracy"), "number"),
                "n": "integer",
                "measured_by": "text",
            }
        ),
        "differences": MappingProxyType(
            {
                **dict.fromkeys(("run_id", "baseline_id", "metric", "where"), "text"),
                **dict.fromkeys(("difference", "low", "high"), "number"),
                "n": "integer",
                "p_value": "number",
                **dict.fromkeys(("is_significant", "is_paired"), "flag"),
                "reason": "text",
                "measured_by": "text",
            }
        ),
    }
)


def build_tables(
    records: Sequence[RunRecord], histories: Sequence[RunHistory], pairs: Sequence[Pair] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Return each table of TABLES as rows with exactly its columns, None for missing values;
    accuracies are fractions.

    `settings` has one row per run and setting, its value as JSON; `curves` one per run and epsilon
    (test images); `tracked` one per run, step and epsilon (validation images); `differences` each
    run minus the baseline. The user's home folder is written as ~.
    """
    rows = {
        "runs": [
            _run(record) | {"label": label} for record, label in zip(records, run_labels(records))
        ],
        "settings": [
            {"run_id": record.run_id, "setting": name, "value": json.dumps(value)}
            for record in records
            for name, value in flatten(record.spec).items()
        ],
        "curves": [row for record in records for row in _curve(record)],
        "tracked": [
            row for record, history in zip(records, histories) for row in _tracked(record, history)
        ],
        "differences": [pair.__dict__ for pair in pairs],
    }
    return {
        name: [
            {column: without_home(row.get(column)) for column in TABLES[name]} for row in rows[name]
        ]
        for name in TABLES
    }


def _curve(record: RunRecord) -> Iterator[dict[str, Any]]:
    for point in (record.report or {}).get("curve", []):
        # clean accuracy involves no attack
        method = measured_method(record).full if point["epsilon"] else None
        about = {"run_id": record.run_id, "norm": record.spec.threat.norm, "measured_by": method}
        yield point | about


def _run(record: RunRecord) -> dict[str, Any]:
    spec, report = record.spec, record.report or {}
    onset, machine = report.get("onset") or {}, report.get("machine") or {}
    return {
        **report,
        **{
            "run_id": record.run_id,
            "name": record.name,
            "status": record.status,
            "reason": record.reason,
            "seed": spec.seed,
        },
        **{
            "created": say_time(record.created),
            "ended": say_time(record.ended),
            "notes": spec.notes,
            "tags": ", ".join(spec.tags),
        },
        **{
            "dataset": spec.data.dataset,
            "backbone": spec.model.backbone,
            "strategy": spec.strategy.kind,
            "objective": spec.objective.kind,
        },
        **{
            "schedule": spec.schedule.kind,
            "norm": spec.threat.norm,
            "epsilon": spec.threat.epsilon,
        },
        **{
            "onset_step": onset.get("step"),
            "onset_epoch": onset.get("epoch"),
            "device": machine.get("device_name") or record.device,
        },
        **_measured_by(record),
        **{
            "precision": machine.get("precision"),
            "torch": machine.get("torch"),
            "test_images": report["curve"][0]["n"] if report.get("curve") else None,
        },
    }


def _measured_by(record: RunRecord) -> dict[str, Any]:
    found = record.measured_by
    if found is None:
        return {"measured_by": None}
    return {
        "measured_by": found.full,
        "attack": found.attack,
        "attack_loss": found.loss,
        "attack_steps": found.steps,
        "attack_restarts": found.restarts,
        "attack_relative_step_size": found.relative_step_size,
    }


def _tracked(record: RunRecord, history: RunHistory) -> Iterator[dict[str, Any]]:
    for measurement in history.measurements:
        row = {
            "run_id": record.run_id,
            "step": measurement.step,
            "epoch": measurement.epoch,
            "seconds": measurement.seconds,
            "gradient_evaluations": measurement.gradient_evaluations,
        }
        by = measured_at(record.spec, measurement).full
        for epsilon, accuracy in zip(measurement.curve.epsilons, measurement.curve.accuracies):
            yield row | {
                "expected_robustness": measurement.expected_robustness,
                "epsilon": epsilon,
                "accuracy": accuracy,
                "n": measurement.curve.n,
                "measured_by": by,
            }


def say_time(seconds: float | None) -> str | None:
    """Return a time as "2026-11-21T04:35:40Z", or None."""
    return (
        None
        if seconds is None
        else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def without_home(value: Any) -> Any:
    """Return plain data with the user's home folder written as ~ in every text; the command `run`
    understands it.
    """
    if isinstance(value, dict):
        return {key: without_home(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_home(item) for item in value]
    home = str(Path.home())
    if not isinstance(value, str) or home == Path.home().anchor:
        return value
    return "~" if value == home else value.replace(home + "/", "~/").replace(home + "\\", "~\\")
