"""What the command line prints: one JSON document, or tables for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.text import Text

from rft_core.cli.text_tables import (
    GAP,
    aligned,
    bar,
    natural_widths,
    split_columns,
    table_lines,
    table_width,
    wrapped,
)
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.metrics.shared_images import describe_shared
from rft_core.report.comparison.compare import Comparison
from rft_core.report.run.dataset_card import card_lines
from rft_core.report.run.measurement_words import in_brackets
from rft_core.report.run.sentences import describe_shifts, words
from rft_core.spec.measured_by import evaluation_measured_by
from rft_core.store.records import RunRecord
from rft_core.units import format_duration, format_epsilon, format_percent

# names of runs, classes and files are printed as they are, whatever rich would make of them
out = Console(markup=False, highlight=False, emoji=False)
err = Console(stderr=True, markup=False, highlight=False, emoji=False)
NUMBERS = (
    ("clean", "clean_accuracy"),
    ("robust", "robust_accuracy"),
    ("expected", "expected_robustness"),
)
LEVELS = MappingProxyType({"green": "green", "amber": "yellow", "red": "red"})


def show_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are; a terminal that is too narrow folds them."""
    for line in lines:
        out.print(line, soft_wrap=True)


def print_dataset(card: dict[str, Any]) -> None:
    """Print what there is to know of a dataset."""
    out.print(
        f"{card['name']}: {len(card['class_names'])} classes, {card['image_size']} pixels",
        soft_wrap=True,
    )
    for split in card["splits"]:
        out.print(f"  {split['name']:12s} {split['count']:,} images")
    print_lines(card_lines(card))


def print_checks(checks: list[Any]) -> None:
    """Print what was checked, and how to repair what is wrong."""
    for check in checks:
        state = ("ok   ", "green") if check.ok else ("wrong", "red")
        way_out = "" if check.ok else f"\n      to repair it: {check.mend}"
        out.print(Text.assemble(state, f" {check.name}: {check.found}{way_out}"))


def print_menu(rows: Sequence[Any]) -> None:
    """Print what can be chosen, with one line of help and its source."""
    cells = [(row.name, row.help, row.source) for row in rows]
    print_lines(table_lines(out, ("name", "help", "source"), cells, whole=(0,)))


def print_schedule(factors: Sequence[float], threat: Any) -> None:
    """Print epsilon at the start of every epoch, from its share of the target."""
    for epoch, factor in enumerate(factors):
        epsilon = format_epsilon_line(factor * threat.epsilon, threat.norm)
        print_lines([f"epoch {epoch:3d}  {bar(out, factor, 24)} {epsilon}"])


def format_epsilon_line(epsilon: float, norm: str) -> str:
    """Return an epsilon for a column: " 4.00/255", or a plain number for l2."""
    return f"{255 * epsilon:5.2f}/255" if norm == "linf" else f"{epsilon:8.4f}"


def print_runs(records: list[RunRecord]) -> None:
    """Print a table of runs, and by what their robust numbers were measured.

    Neither an id nor a name nor a status is ever cut: the id is what other commands take.
    """
    letters = _letters(records)
    several = letters if len(letters) > 1 else {}
    header = [
        "run",
        "name",
        "status",
        "done",
        *(label for label, _ in NUMBERS),
        *(["by"] if several else []),
    ]
    rows = [
        [*_run_cells(record), *([several.get(_chip(record), "")] if several else [])]
        for record in records
    ]
    _print_run_rows(records, header, rows)
    for chip, letter in letters.items():
        print_lines([f"{letter}: by {chip}" if several else f"robust and expected by {chip}"])


def _print_run_rows(records: list[RunRecord], header: list[str], rows: list[list[str]]) -> None:
    if table_width(natural_widths([header, *rows])) <= out.width:
        print_lines(table_lines(out, header, rows))
        return
    # the name on a line of its own
    short = [[cell for place, cell in enumerate(row) if place != 1] for row in [header, *rows]]
    widths = natural_widths(short)
    if table_width(widths) <= out.width:
        print_lines([aligned(short[0], widths)])
        for record, row in zip(records, short[1:]):
            print_lines([aligned(row, widths), *_indented(record.name)])
        return
    for record, row in zip(records, rows):
        numbers = ", ".join(f"{name} {cell}" for name, cell in zip(header[4:], row[4:]))
        print_lines(
            [*wrapped(out, f"{row[0]}  {row[2]}  {row[3]}", out.width), *_indented(record.name)]
        )
        print_lines(_indented(numbers) if record.report else [])


def _letters(records: list[RunRecord]) -> dict[str, str]:
    """Return what measured these runs -> the letter that stands for it in a table: a,
    b, ... z, aa, ab, ...
    """
    found = dict.fromkeys(chip for record in records if (chip := _chip(record)))
    return {chip: _letter(index) for index, chip in enumerate(found)}


def _letter(index: int) -> str:
    first, last = divmod(index, 26)
    return (_letter(first - 1) if first else "") + chr(ord("a") + last)


def _chip(record: RunRecord) -> str:
    return record.measured_by.chip if record.measured_by else ""


def _run_cells(record: RunRecord) -> list[str]:
    report = record.report or {}
    numbers = [format_percent(report.get(name)) for _, name in NUMBERS]
    return [record.run_id, record.name, record.status, f"{100 * record.progress:.0f} %", *numbers]


def _indented(text: str) -> list[str]:
    return [" " * GAP + line for line in wrapped(out, text, out.width - GAP)]


def print_evaluation(document: dict[str, Any]) -> None:
    """Print a robustness curve and the honesty findings; of one picture, where it falls."""
    if "curve" not in document:
        falls_at = document["falls_at"]
        where = "" if falls_at is None else format_epsilon(falls_at, document["norm"])
        falls = f"falls at {where}" if where else "no epsilon of the grid fools it"
        taken = f", then taken for {document['taken_for']}" if document["taken_for"] else ""
        by = evaluation_measured_by(document).full_method
        confidence = format_percent(document["confidence"])
        out.print(
            f"{document['prediction']} ({confidence}): {falls}{taken} (by {by})", soft_wrap=True
        )
        return
    out.print(f"by {evaluation_measured_by(document).full}", soft_wrap=True)
    print_curve(document["curve"], document.get("norm", "linf"))
    for finding in (document["honesty"] or {}).get("findings", []):
        level = (f"{finding['level']:6s}", LEVELS.get(finding["level"], ""))
        out.print(Text.assemble(level, f" {finding['name']}: {finding['reason']}"))


def print_curve(points: Sequence[Mapping[str, Any]], norm: str) -> None:
    """Print accuracy over epsilon as bars."""
    for point in points:
        accuracy = point["accuracy"]
        print_lines(
            [
                f"  {format_epsilon(point['epsilon'], norm):>10s} {bar(out, accuracy, 22)}"
                f" {format_percent(accuracy)}"
            ]
        )


def print_comparison(result: Comparison) -> None:
    """Print runs side by side, then what is unfair about it."""
    rows = [[label, *(format_percent(row[name]) for row in result.rows)] for label, name in NUMBERS]
    for label, name in (("other domains", "domain_mean"), ("corruptions", "corruption_mean")):
        if any(row[name] is not None for row in result.rows):
            rows.append([label, *(format_percent(row[name]) for row in result.rows)])
    found = [row["measured_by"] for row in result.rows]
    rows.append(
        ["measured by", *("–" if one is None else MeasuredBy.from_dict(one).chip for one in found)]
    )
    onsets = [row["onset_step"] for row in result.rows]
    rows.append(["adapts at step", *("never" if step is None else str(step) for step in onsets)])
    rows += [[name, *map(str, values)] for name, values in result.settings.items()]
    print_lines(split_columns(out, ["", *(row["label"] for row in result.rows)], rows))
    for row in result.paired:
        luck = "" if row["is_significant"] else " (could be luck)"
        out.print(f"{row['first_name']} against {row['second_name']}: {row['sentence']}{luck}")
    for warning in result.warnings:
        err.print(warning)


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
        heard = (
            f"; last heard of {format_duration(record.heartbeat_age)} ago"
            if record.heartbeat
            else ""
        )
        out.print(f"step {record.step} of {record.total_steps or '?'}{heard}")
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
        out.print(f"look: {phrase}, pixel for pixel", soft_wrap=True)
    if shifts := report.get("shifts"):
        print_shifts(shifts)


def print_gone(messages: Sequence[str]) -> None:
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


def print_shifts(shifts: dict[str, Any]) -> None:
    """Print clean accuracy on other domains, and under each corruption by severity."""
    out.print(describe_shifts(shifts), soft_wrap=True)
    for row in shifts["domains"]:
        out.print(f"  {words(row['name']):>20s} {format_percent(row['accuracy'])}")
    found: dict[str, list[str]] = {}
    for row in shifts["corruptions"]:
        found.setdefault(row["kind"], []).append(format_percent(row["accuracy"]))
    for kind, cells in found.items():
        line = f"  {words(kind):>20s} {' '.join(f'{cell:>8s}' for cell in cells)}"
        print_lines(
            [line] if len(line) <= out.width else [f"  {words(kind)}", f"    {' '.join(cells)}"]
        )


def print_bench(measured: dict[str, Any]) -> None:
    """Print what was timed: training steps, curves, the way to the first step."""
    machine = measured["machine"]
    speed = f"{machine['matmul_operations_per_second'] / 1e9:,.0f} GFLOP/s"
    about = (
        f"{machine['device_name']}, {machine['threads']} threads, {machine['precision']}, torch"
        f" {machine['torch']}"
    )
    out.print(f"{about}; a matrix product reaches {speed}")
    header = (
        "training step",
        "pixels, batch",
        "ours, images/s",
        "torchattacks",
        "ratio",
        "quartiles",
        "of the limit",
    )
    rows = [_training_cells(*pair) for pair in zip(measured["training"], measured["limit"])]
    print_lines(table_lines(out, header, rows, whole=(0,)))
    header = (
        "9-point curve",
        "ours, s",
        "torchattacks, s",
        "times faster",
        "times fewer gradients",
        "kinder by at most",
    )
    print_lines(
        [
            "",
            *table_lines(out, header, [_curve_cells(row) for row in measured["curve"]], whole=(0,)),
        ]
    )
    latency = measured["latency"]
    warm, cold = (
        f"{latency['warm_seconds']:.2f} s with a worker waiting",
        f"{latency['cold_seconds']:.1f} s without",
    )
    out.print(f"from submit to the first step: {warm}, {cold}")


def _training_cells(row: dict[str, Any], limit: dict[str, Any]) -> list[str]:
    speeds = [
        f"{row[name]:,.1f}" for name in ("ours_images_per_second", "torchattacks_images_per_second")
    ]
    spread = "{:.2f} to {:.2f}".format(*row["ratio_quartiles"])
    sizes = f"{row['image_size']}, {row['batch']}"
    return [
        row["model"],
        sizes,
        *speeds,
        f"{row['ratio']:.2f}",
        spread,
        format_percent(limit["share"]),
    ]


def _curve_cells(row: dict[str, Any]) -> list[str]:
    names = ("ours_seconds", "naive_seconds", "speedup", "gradient_evaluations_ratio")
    return [
        row["model"],
        *(f"{row[name]:.1f}" for name in names),
        format_percent(row["largest_accuracy_excess"]),
    ]
