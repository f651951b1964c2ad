"""What the command line prints: one JSON document, or tables for people."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from rft_core.measurements import evaluation_measured_by
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.metrics.shared_images import describe_shared
from rft_core.report.compare import Comparison
from rft_core.report.data_card import card_lines
from rft_core.report.measurement_words import in_brackets
from rft_core.report.sentences import describe_shifts, words
from rft_core.store.records import RunRecord
from rft_core.units import format_duration, format_epsilon, format_percent

out, err = Console(), Console(stderr=True)


def show_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


def print_dataset(card: dict[str, Any]) -> None:
    """Print what there is to know of a dataset."""
    out.print(f"{card['name']}: {len(card['class_names'])} classes, {card['image_size']} pixels", highlight=False, markup=False)
    for split in card["splits"]:
        out.print(f"  {split['name']:12s} {split['count']:,} images", highlight=False, markup=False)
    for line in card_lines(card):
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def print_checks(checks: list[Any]) -> None:
    """Print what was checked, and how to mend what is wrong."""
    for check in checks:
        state = "[green]ok   [/]" if check.ok else "[red]wrong[/]"
        out.print(f"{state} {check.name}: {check.found}" + ("" if check.ok else f"\n      to mend it: {check.mend}"), highlight=False)


def print_runs(records: list[RunRecord]) -> None:
    """Print a table of runs."""
    # the id is what other commands take: it is never cut
    table = Table(Column("run", no_wrap=True, overflow="fold"), "name", "status", "progress", "clean", "robust", "expected")
    letters = _letters(records)
    if len(letters) > 1:
        table.add_column("by")
    for record in records:
        report = record.report or {}
        numbers = [format_percent(report.get(name)) for name in ("clean_accuracy", "robust_accuracy", "expected_robustness")]
        numbers += [letters.get(_chip(record), "")] if len(letters) > 1 else []
        table.add_row(record.run_id, record.name, record.status, format_percent(record.progress), *numbers)
    out.print(table)
    for chip, letter in letters.items():
        by = f"{letter}: by {chip}" if len(letters) > 1 else f"robust and expected by {chip}"
        out.print(by, highlight=False, markup=False)


def _letters(records: list[RunRecord]) -> dict[str, str]:
    """Return what measured these runs -> the letter that stands for it in a table: a, b, ... z, aa, ab, ..."""
    found = dict.fromkeys(chip for record in records if (chip := _chip(record)))
    return {chip: _letter(place) for place, chip in enumerate(found)}


def _letter(place: int) -> str:
    first, last = divmod(place, 26)
    return (_letter(first - 1) if first else "") + chr(ord("a") + last)


def _chip(record: RunRecord) -> str:
    return record.measured_by.chip if record.measured_by else ""


def print_review(document: dict[str, Any]) -> None:
    """Print a robustness curve and the honesty findings; of one picture, where it falls."""
    if "curve" not in document:
        falls = "no epsilon of the grid fools it" if document["falls_at"] is None else f"falls at {format_epsilon(document['falls_at'], document['norm'])}"
        taken = f", then taken for {document['taken_for']}" if document["taken_for"] else ""
        by = evaluation_measured_by(document).full_method
        out.print(f"{document['prediction']} ({format_percent(document['confidence'])}): {falls}{taken} (by {by})", highlight=False, markup=False)
        return
    out.print(f"by {evaluation_measured_by(document).full}", highlight=False, markup=False, soft_wrap=True)
    for point in document["curve"]:
        out.print(f"  {format_epsilon(point['epsilon']):>10s} {'█' * round(40 * point['accuracy']):40s} {format_percent(point['accuracy'])}", highlight=False)
    for finding in (document["honesty"] or {}).get("findings", []):
        out.print(
            f"[{'yellow' if finding['level'] == 'amber' else finding['level']}]{finding['level']:6s}[/] {finding['name']}: {finding['reason']}", highlight=False
        )


def print_comparison(result: Comparison) -> None:
    """Print runs side by side, then what is unfair about it."""
    table = Table("", *[row["name"] for row in result.rows])
    for label, name in (("clean", "clean_accuracy"), ("robust", "robust_accuracy"), ("expected", "expected_robustness")):
        table.add_row(label, *[format_percent(row[name]) for row in result.rows])
    for label, name in (("other domains", "domain_mean"), ("corruptions", "corruption_mean")):
        if any(row[name] is not None for row in result.rows):
            table.add_row(label, *[format_percent(row[name]) for row in result.rows])
    found = [row["measured_by"] for row in result.rows]
    table.add_row("measured by", *["–" if one is None else MeasuredBy.from_dict(one).chip for one in found])
    table.add_row("adapts at step", *["never" if row["onset_step"] is None else str(row["onset_step"]) for row in result.rows])
    for name, values in result.settings.items():
        table.add_row(name, *[str(value) for value in values])
    out.print(table)
    for row in result.paired:
        out.print(
            f"{row['first_name']} against {row['second_name']}: {row['sentence']}" + ("" if row["is_significant"] else " (could be luck)"), highlight=False
        )
    for warning in result.warnings:
        err.print(warning, highlight=False)


def print_answer(record: RunRecord, as_json: bool) -> None:
    """Print what became of a request."""
    show_json({"run_id": record.run_id, "status": record.status, "reason": record.reason}) if as_json else out.print(
        f"{record.run_id} {record.status} {record.reason}", highlight=False
    )


def print_run(record: RunRecord) -> None:
    """Print one run: its status with the reason, and its report."""
    out.print(f"{record.run_id}  {record.name}  {record.status}  {record.reason}", highlight=False, soft_wrap=True)
    if record.parent:
        out.print(f"forked from run {record.parent} at step {record.parent_step}", highlight=False)
    if not record.report:
        out.print(f"step {record.step} of {record.total_steps or '?'}; last heard of {format_duration(record.heartbeat_age)} ago", highlight=False)
        return
    report, target = record.report, format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)
    adapted = f"step {report['onset']['step']} (epoch {report['onset']['epoch']:.1f})" if report["onset"] else "never"
    robust = in_brackets(f"{format_percent(report['robust_accuracy'])} at {target}", [record.measured_by])
    out.print(f"clean {format_percent(report['clean_accuracy'])}, {robust}, ", end="", highlight=False)
    out.print(
        f"expected robustness {format_percent(report['expected_robustness'])}, adapts at {adapted}, {format_duration(report['seconds'])}", highlight=False
    )
    if record.measured_by:
        out.print(f"under attack by {record.measured_by.full}:", highlight=False, markup=False)
    for point in report["curve"]:
        bar = "█" * round(40 * point["accuracy"])
        out.print(f"  {format_epsilon(point['epsilon'], record.spec.threat.norm):>10s} {bar:40s} {format_percent(point['accuracy'])}", highlight=False)
    for phrase in describe_shared(report.get("shared_images")):
        out.print(f"look: {phrase}, pixel for pixel", highlight=False, soft_wrap=True)
    if shifts := report.get("shifts"):
        print_shifts(shifts)


def print_shifts(shifts: dict[str, Any]) -> None:
    """Print clean accuracy on other domains, and under each corruption by severity."""
    out.print(describe_shifts(shifts), highlight=False, soft_wrap=True)
    for row in shifts["domains"]:
        out.print(f"  {words(row['name']):>20s} {format_percent(row['accuracy'])}", highlight=False)
    for kind in dict.fromkeys(row["kind"] for row in shifts["corruptions"]):
        cells = [f"{format_percent(row['accuracy']):>8s}" for row in shifts["corruptions"] if row["kind"] == kind]
        out.print(f"  {words(kind):>20s} {' '.join(cells)}", highlight=False)


def print_bench(measured: dict[str, Any]) -> None:
    """Print what was timed: training steps, curves, the way to the first step."""
    machine = measured["machine"]
    said = f"{machine['device_name']}, {machine['threads']} threads, {machine['precision']}, torch {machine['torch']}"
    out.print(f"{said}; a matrix product reaches {machine['matmul_operations_per_second'] / 1e9:,.0f} GFLOP/s", highlight=False, markup=False)
    training = Table(Column("training step", overflow="fold"), "pixels, batch", "ours, images/s", "torchattacks", "ratio", "quartiles", "of the limit")
    for row, limit in zip(measured["training"], measured["limit"]):
        speeds = [f"{row[name]:,.1f}" for name in ("ours_images_per_second", "torchattacks_images_per_second")]
        spread = "{:.2f} to {:.2f}".format(*row["ratio_quartiles"])
        training.add_row(row["model"], f"{row['image_size']}, {row['batch']}", *speeds, f"{row['ratio']:.2f}", spread, format_percent(limit["share"]))
    curve = Table(Column("9-point curve", overflow="fold"), "ours, s", "torchattacks, s", "times faster", "times fewer gradients", "kinder by at most")
    for row in measured["curve"]:
        numbers = [f"{row[name]:.1f}" for name in ("ours_seconds", "naive_seconds", "speedup", "gradient_evaluations_ratio")]
        curve.add_row(row["model"], *numbers, format_percent(row["largest_accuracy_excess"]))
    latency = measured["latency"]
    for table in (training, curve):
        out.print(table)
    out.print(f"from submit to the first step: {latency['warm_seconds']:.2f} s with a worker waiting, {latency['cold_seconds']:.1f} s without", highlight=False)
