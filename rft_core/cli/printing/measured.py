"""What was measured: curves, honesty findings, shifts."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.text import Text

from rft_core.cli.printing.console import out, print_lines
from rft_core.cli.text_tables import bar
from rft_core.report.run.sentences import describe_shifts, words
from rft_core.spec.measured_by import evaluation_measured_by
from rft_core.units import format_epsilon, format_percent

LEVELS = MappingProxyType({"green": "green", "amber": "yellow", "red": "red"})


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
