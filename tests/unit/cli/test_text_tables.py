"""rft_core.cli.text_tables and terminal: tables fit the terminal, and neither an id nor a name
nor a status is cut.
"""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from rft_core.cli.printing.comparison import print_comparison
from rft_core.cli.printing.console import out
from rft_core.cli.printing.menus import print_menu
from rft_core.cli.printing.run_table import print_runs
from rft_core.cli.text_tables import bar, split_columns, table_lines, wrapped
from rft_core.report.comparison.compare import compare
from rft_core.spec import catalog
from rft_core.spec.presets import PRESETS
from tests.unit.report.stored import stored

NAMES = (
    "scheduled",
    "a rather long name of a run, with seed 3 and 4/255",
    "x" * 90,
    "花" * 45,
    "[bold]not markup[/]",
    ":smile: [/x]",
    "CAFÉ · ÉTÉ",
)
WIDTHS = (200, 80, 60, 44)


@pytest.fixture(params=WIDTHS)
def printed(request, monkeypatch):
    """Print on a terminal of some width; call it for what was printed so far,
    as lines that all fit.
    """
    sink = io.StringIO()
    monkeypatch.setattr(out, "_file", sink)
    monkeypatch.setattr(out, "_width", request.param)
    monkeypatch.setattr(out, "_height", 25)

    def lines() -> list[str]:
        found = sink.getvalue().splitlines()
        assert found
        assert max(map(cell_len, found)) <= request.param
        return found

    return lines


def whole(lines: list[str]) -> str:
    """The text without the ends of lines, which may fall inside a long word."""
    return "".join("".join(lines).split())


def test_runs(store, printed):
    # the running one last: it has the device from then on
    statuses = ("finished", "failed", "stopped", "paused", "lost", "finished", "running")
    records = [stored(store, name, status=status) for name, status in zip(NAMES, statuses)]
    print_runs(records)
    lines = printed()
    text = whole(lines)
    for record in records:
        assert any(record.run_id in line and record.status in line for line in lines)
        assert "".join(record.name.split()) in text
    assert text.count("90.0%") == text.count("finished") == 2


def test_runs_of_short_names_are_one_line_each_where_there_is_room(store, printed):
    records = [stored(store, "fixed"), stored(store, "standard")]
    print_runs(records)
    lines = printed()
    if out.width >= 80:
        assert len(lines) == 4
        assert lines[0].split() == ["run", "name", "status", "done", "clean", "robust", "expected"]
        assert lines[3].startswith("robust and expected by ")
        assert lines[1].split()[:4] == [records[0].run_id, "fixed", "finished", "0"]


@pytest.mark.parametrize("count", [2, 8])
def test_compare(store, printed, count):
    records = [
        stored(store, name, notes="x", seed=seed, schedule__kind=kind)
        for seed, (name, kind) in enumerate(zip((*NAMES, "last"), ("constant", "linear") * 4))
    ]
    print_comparison(compare(records[:count]))
    text = whole(printed())
    for label in ("clean", "robust", "expected", "schedule.kind", "seed"):
        assert label in text
    # a name that is longer than its column goes on below it, beside the next run's
    for record in records[:count]:
        assert all(word in text for word in record.name.split() if len(word) <= 16)
    assert "…" not in text


@pytest.mark.parametrize("kind", [*catalog.MENUS, "presets"])
def test_menus(printed, kind):
    rows = PRESETS if kind == "presets" else catalog.choices(kind)
    print_menu(rows)
    text = whole(printed())
    for row in rows:
        assert row.name in text


def test_a_comparison_of_many_runs_goes_on_below():
    console = Console(width=60)
    header, row = (
        ["", *(f"run number {place}" for place in range(9))],
        ["clean", *(f"{place}.0 %" for place in range(9))],
    )
    lines = list(split_columns(console, header, [row]))
    text = " ".join(lines)
    assert all(f"run number {place}" in text and f"{place}.0 %" in text for place in range(9))
    assert max(map(len, lines)) <= 60
    assert lines.count("") == 2


def test_what_fits_nowhere_side_by_side_stands_one_below_the_other():
    console = Console(width=30)
    lines = list(
        table_lines(
            console,
            ("model", "a", "b", "c"),
            [("m" * 20, "1" * 9, "2" * 9, "3" * 9)],
            unwrapped=(0,),
        )
    )
    assert lines == [f"model: {'m' * 20}", f"a: {'1' * 9}", f"b: {'2' * 9}", f"c: {'3' * 9}"]


@pytest.mark.parametrize("text", ["", "a b", "x" * 200, "花" * 40, "a\tb", "  two  "])
def test_wrapping_loses_nothing(text):
    lines = wrapped(Console(width=80), text, 20)
    assert max(map(cell_len, lines)) <= 20
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_bar_leaves_room():
    assert bar(Console(width=80), 0.5, 22) == f"{'█' * 20:40s}"
    assert len(bar(Console(width=50), 1.0, 22)) == 28
    assert len(bar(Console(width=10), 1.0, 22)) == 5
