"""What can be chosen, for people: menus, datasets, schedules; and what was checked."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from rft_core.cli.printing.console import out, print_lines
from rft_core.cli.text_tables import bar, table_lines
from rft_core.report.run.dataset_card import card_lines


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
        hint = "" if check.ok else f"\n      to repair it: {check.repair}"
        out.print(Text.assemble(state, f" {check.name}: {check.found}{hint}"))


def print_menu(rows: Sequence[Any]) -> None:
    """Print what can be chosen, with one line of help and its source."""
    cells = [(row.name, row.help, row.source) for row in rows]
    print_lines(table_lines(out, ("name", "help", "source"), cells, unwrapped=(0,)))


def print_schedule(factors: Sequence[float], threat: Any) -> None:
    """Print epsilon at the start of every epoch, from its share of the target."""
    for epoch, factor in enumerate(factors):
        epsilon = format_epsilon_line(factor * threat.epsilon, threat.norm)
        print_lines([f"epoch {epoch:3d}  {bar(out, factor, 24)} {epsilon}"])


def format_epsilon_line(epsilon: float, norm: str) -> str:
    """Return an epsilon for a column: " 4.00/255", or a plain number for l2."""
    return f"{255 * epsilon:5.2f}/255" if norm == "linf" else f"{epsilon:8.4f}"
