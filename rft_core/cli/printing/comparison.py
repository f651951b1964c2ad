"""Runs side by side."""

from rft_core.cli.printing.console import err, out, print_lines
from rft_core.cli.printing.run_table import NUMBERS
from rft_core.cli.text_tables import split_columns
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.report.comparison.compare import Comparison
from rft_core.units import format_percent


def print_comparison(result: Comparison) -> None:
    """Print runs side by side, then what is unfair about it."""
    rows = [[label, *(format_percent(row[name]) for row in result.rows)] for label, name in NUMBERS]
    for label, name in (("other domains", "domain_mean"), ("corruptions", "corruption_mean")):
        if any(row[name] is not None for row in result.rows):
            rows.append([label, *(format_percent(row[name]) for row in result.rows)])
    found = [row["measured_by"] for row in result.rows]
    rows.append(
        ["measured by", *("–" if raw is None else MeasuredBy.from_dict(raw).chip for raw in found)]
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
