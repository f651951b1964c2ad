"""Tables on a terminal of any width: cells are wrapped, never cut; what cannot stand side by side
stands one below the other.
"""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

GAP = 2
# a column that is narrower holds too little of a line to be read
NARROWEST = 10
NARROWEST_RUN = 16

Row = Sequence[str]


def table_lines(
    console: Console, header: Row, rows: Sequence[Row], unwrapped: Sequence[int] = ()
) -> Iterator[str]:
    """Yield the lines of a table; the columns `unwrapped` (indices) are never wrapped.

    Where the console is too narrow for its columns, each row becomes a block of
    lines "header: cell".
    """
    widths = _fitted(natural_widths([header, *rows]), console.width, unwrapped)
    if widths is None:
        yield from _blocks(console, header, rows)
        return
    for row in [header, *rows]:
        yield from _wrapped(console, row, widths)


def split_columns(console: Console, header: Row, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table whose first column names the rows; columns that do not fit beside
    the others follow below.
    """
    widths = natural_widths([header, *rows])
    first = min(widths[0], max(NARROWEST, console.width // 3))
    room = max(NARROWEST_RUN, console.width - first - GAP)
    capped = [min(width, max(NARROWEST_RUN, room // 2 - GAP), room) for width in widths[1:]]
    start = 0
    while start < len(capped):
        end = start + 1
        while end < len(capped) and sum(capped[start : end + 1]) + GAP * (end - start) <= room:
            end += 1
        if start:
            yield ""
        for row in [header, *rows]:
            cells = [row[0], *row[1 + start : 1 + end]]
            yield from _wrapped(console, cells, [first, *capped[start:end]])
        start = end


def natural_widths(rows: Sequence[Row]) -> list[int]:
    """Return the width of each column where nothing is wrapped."""
    return [max(map(cell_len, column)) for column in zip(*rows)]


def table_width(widths: Sequence[int]) -> int:
    """Return the width of columns side by side."""
    return sum(widths) + GAP * (len(widths) - 1)


def aligned(row: Row, widths: Sequence[int]) -> str:
    """Return one line with each cell in its column."""
    padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths)]
    return (" " * GAP).join(padded).rstrip()


def wrapped(console: Console, text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells; a word that is longer goes on in the next
    line.
    """
    lines = Text(text).wrap(console, max(2, width), overflow="fold")
    return [line.plain.rstrip() for line in lines] or [""]


def bar(console: Console, share: float, beside: int) -> str:
    """Return a bar for `share` (0..1), padded, that leaves `beside` cells of the line to other
    things.
    """
    length = max(5, min(40, console.width - beside))
    return f"{'█' * round(length * share):{length}s}"


def _fitted(widths: list[int], room: int, unwrapped: Sequence[int]) -> list[int] | None:
    """Return widths that fit into `room`, taken from the widest columns; None where that leaves
    too little of a column.
    """
    fitted = list(widths)
    while table_width(fitted) > room:
        shrinkable = [
            index
            for index in range(len(fitted))
            if index not in unwrapped and fitted[index] > NARROWEST
        ]
        if not shrinkable:
            return None
        fitted[max(shrinkable, key=fitted.__getitem__)] -= 1
    return fitted


def _wrapped(console: Console, row: Row, widths: Sequence[int]) -> Iterator[str]:
    cells = [wrapped(console, cell, width) for cell, width in zip(row, widths)]
    for line in range(max(map(len, cells))):
        yield aligned([cell[line] if line < len(cell) else "" for cell in cells], widths)


def _blocks(console: Console, header: Row, rows: Sequence[Row]) -> Iterator[str]:
    for index, row in enumerate(rows):
        if index:
            yield ""
        for name, cell in zip(header, row):
            yield from wrapped(console, f"{name}: {cell}" if name else cell, console.width)
