"""A table of pictures (CSV) as people and spreadsheets write it: its text, its columns,
and what each row says.
"""

import csv
import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rft_core.errors import DataError
from rft_core.files.layout.columns import (
    DOMAIN,
    IS_TEST,
    IS_VALID,
    LABEL,
    PATH,
    SPLIT,
    Columns,
    choose_columns,
    meant_by,
    quoted_columns,
)
from rft_core.files.layout.found import LeftOut, some
from rft_core.files.layout.names import LEFT_OUT, TEST, TRAIN, VALIDATION, split_of

DELIMITERS = (",", ";", "\t", "|")
# the line that declares the delimiter to Excel
SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
YES, NO = (
    frozenset({"true", "yes", "y", "t", "1", "1.0"}),
    frozenset({"false", "no", "n", "f", "0", "0.0"}),
)
EXPECTED_HEADER = (
    "the first line names the columns: path and label, and where wanted split and domain, separated"
    " by commas, semicolons, tabs or upright bars"
)
Line = tuple[int, list[str]]


class TableRow(NamedTuple):
    """One picture: its file, its name in messages, its split, class and domain ('' for none), and
    the status of its file.
    """

    path: str
    name: str
    split: str
    label: str
    domain: str
    status: os.stat_result


@dataclass
class TableReading:
    """The usable rows of a table, the names of the others by reason, and its columns."""

    title: str
    columns: Columns
    pictures: list[TableRow] = field(default_factory=list)
    dropped: dict[str, list[str]] = field(default_factory=dict)

    @property
    def has_domains(self) -> bool:
        """Whether the table has a column of domains."""
        return DOMAIN in self.columns.positions

    @property
    def notes(self) -> list[str]:
        """What was left out, and how the columns were read, as lines."""
        lines = [
            f"{len(names):,} rows were left out, {reason}: {'; '.join(some(names, 3))}"
            for reason, names in self.dropped.items()
        ]
        if unused := self.columns.unused:
            lines.append(f"columns that are not used: {quoted_columns(unused)}")
        return [*lines, *self.columns.notes]

    @property
    def left_out(self) -> list[LeftOut]:
        """The rows that cannot be used, counted by reason."""
        return [
            LeftOut(reason, len(names), 0, some(names, 3)) for reason, names in self.dropped.items()
        ]


def read_table(path: str | Path, most: int | None = None) -> TableReading:
    """Return what the table at `path` says; relative paths start at its own folder.

    Opens no picture.

    Only the first `most` rows are looked at where a number is given. Raises DataError
    for what is not a table, for missing or ambiguous columns (see choose_columns), and
    where no row can be used.
    """
    file = Path(path).expanduser()
    header, lines = _split(file.name, _text(file))
    columns = choose_columns(
        file.name,
        header,
        lambda index: [_cell(line, index) for _, line in lines],
        lambda text: split_of(text) is not None,
    )
    reading = TableReading(file.name, columns)
    folder, seen = os.path.abspath(file.parent), set()
    for number, line in lines[:most]:
        cell = {role: _cell(line, index) for role, index in columns.positions.items()}
        row, reason = _row(folder, cell)
        if row and row.path in seen:
            row, reason = None, "their file is in an earlier row"
        if row:
            seen.add(row.path)
            reading.pictures.append(row)
        else:
            reading.dropped.setdefault(reason, []).append(
                f"line {number} ({cell[PATH] or 'no path'})"
            )
    if not reading.pictures:
        raise DataError(
            f"no row of {file.name} can be used. {'; '.join(reading.notes) or EXPECTED_HEADER}"
        )
    return reading


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(
            f"the table '{file}' cannot be read ({error.strerror}); give the path of a CSV file"
        ) from None
    # spreadsheets put a byte order mark in front, and "Unicode text" of Excel is UTF-16
    encoding = "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise DataError(f"{file.name} is not UTF-8 text; save it as CSV in UTF-8") from None


def _split(title: str, text: str) -> tuple[list[str], list[Line]]:
    """Return the names of the columns, and the lines below as (line number, cells)."""
    declared, header = _first_lines(text)
    candidates = (declared,) if declared else DELIMITERS
    for delimiter in candidates:
        names = _names(header, delimiter)
        if meant_by(names, PATH) and meant_by(names, LABEL):
            break
    else:
        # the message names what is there: by the delimiter that gives the most columns
        delimiter = max(candidates, key=lambda candidate: len(_names(header, candidate)))
    try:
        lines = list(_lines(text, delimiter))
    except csv.Error as error:
        raise DataError(f"{title} is not a CSV file ({error}); {EXPECTED_HEADER}") from None
    return _names(header, delimiter), lines[1 + bool(declared) :]


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _first_lines(text: str) -> tuple[str, str]:
    """Return the delimiter that a first line `sep=;` declares ('' without such a line), and the
    line that names the columns.
    """
    lines = [line.strip("\r\n") for line in text[:100_000].splitlines() if line.strip()][:2]
    declaration = SEPARATOR.fullmatch(lines[0].strip(" ")) if lines else None
    if not declaration:
        return "", lines[0] if lines else ""
    return declaration[1], lines[1] if len(lines) > 1 else ""


def _names(header: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def _cell(line: Sequence[str], index: int) -> str:
    return line[index].strip() if index < len(line) else ""


def _row(folder: str, cell: dict[str, str]) -> tuple[TableRow | None, str]:
    if not cell[PATH]:
        return None, "they name no file"
    if not cell[LABEL]:
        return None, "they have no label"
    split, reason = row_split(cell)
    if reason:
        return None, reason
    if DOMAIN in cell and not cell[DOMAIN]:
        return None, "they have no domain"
    path, status = _find(folder, cell[PATH])
    if status is None:
        return None, "their file is not there"
    # opening a pipe would block for ever
    if not stat.S_ISREG(status.st_mode):
        return None, "what they name is not a file"
    return TableRow(path, cell[PATH], split, cell[LABEL], cell.get(DOMAIN, ""), status), ""


def row_split(cell: dict[str, str]) -> tuple[str, str]:
    """Return the split of a row by its cells of the roles split, is_valid and is_test, and
    '' or why it has none.
    """
    if SPLIT in cell:
        split = split_of(cell[SPLIT])
        if split == LEFT_OUT:
            return "", "their split is neither for training nor for measuring"
        return (split, "") if split else ("", "their split is not train, validation or test")
    flags = {role: cell[role].casefold() for role in (IS_VALID, IS_TEST) if role in cell}
    if strange := [role for role, text in flags.items() if text not in YES | NO]:
        return "", f"their {strange[0]} is neither true nor false"
    held_out = [
        kind for role, kind in ((IS_VALID, VALIDATION), (IS_TEST, TEST)) if flags.get(role) in YES
    ]
    if len(held_out) > 1:
        return "", "they are both for validation and for test"
    return (held_out[0] if held_out else TRAIN), ""


def _find(folder: str, name: str) -> tuple[str, os.stat_result | None]:
    """Return the file `name` of a table in `folder` and its status; Windows' back-slashes
    are read as slashes.
    """
    path = os.path.normpath(os.path.join(folder, os.path.expanduser(name)))
    try:
        return path, os.stat(path)
    # ValueError: a path with a zero byte
    except (OSError, ValueError):
        return _find(folder, name.replace("\\", "/")) if "\\" in name else (path, None)
