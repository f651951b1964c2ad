"""Stored runs as one table."""

from rft_core.cli.printing.console import out, print_lines
from rft_core.cli.text_tables import GAP, aligned, natural_widths, table_lines, table_width, wrapped
from rft_core.store.records import RunRecord
from rft_core.units import format_percent

NUMBERS = (
    ("clean", "clean_accuracy"),
    ("robust", "robust_accuracy"),
    ("expected", "expected_robustness"),
)


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
    short = [[cell for index, cell in enumerate(row) if index != 1] for row in [header, *rows]]
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
