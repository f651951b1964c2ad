"""A table (CSV) of paths and labels, with the splits and domains it names.

The columns, in any order and case: path (or file, filename, image), label (or class, target), and where wanted split and domain.
"""

import csv
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.decode import decode
from rft_core.engine.data.listing import Listing
from rft_core.engine.data.rows import Row, list_rows, some, stamp_of
from rft_core.errors import DataError
from rft_core.layout import split_of

PATHS, LABELS, SPLIT, DOMAIN = ("path", "file", "filename", "image"), ("label", "class", "target"), ("split",), ("domain",)
DELIMITERS = (",", ";", "\t")
WAY_OUT = "the first line names the columns: path and label, and where wanted split and domain, separated by commas, semicolons or tabs"


def load(path: str, request: Request) -> Dataset:
    """Return the images that the table at `path` names; relative paths start at the table's own folder.

    Rows without a label, with an unknown split or with a file that is not there are left out, counted and named.
    """
    return decode(list_table(path, request.domains), request)


def list_table(path: str, domains: Sequence[str] = ()) -> Listing:
    """Return the listing of the table at `path`, trained on `domains`; where it has domains and none is named, on its first."""
    place = Path(path).expanduser()
    lines, columns = _read(place)
    rows, left_out = _rows(place, lines, columns)
    notes = [f"{len(found):,} rows were left out, {reason}: {some(found)}" for reason, found in left_out.items()]
    if not rows:
        raise DataError(f"no row of {place.name} can be used. {'; '.join(notes) or WAY_OUT}")
    if "domain" not in columns and domains:
        raise DataError(f"data.domains is {', '.join(domains)}, but {place.name} has no column domain; add it, or leave data.domains empty")
    if "domain" in columns and not domains:
        domains = (rows[0].domain,)
        notes.append(f"data.domains is empty: trained on the first domain of the table, '{domains[0]}'")
    return list_rows(place.name, rows, domains, notes)


def _read(place: Path) -> tuple[list[tuple[int, list[str]]], dict[str, int]]:
    """Return the rows below the header as (line number, cells), and where each column is."""
    try:
        # utf-8-sig: spreadsheets put a byte order mark in front
        text = place.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"the table '{place}' cannot be read ({error.strerror}); give the path of a CSV file") from None
    except UnicodeDecodeError:
        raise DataError(f"{place.name} is not UTF-8 text; save it as CSV in UTF-8") from None
    header, _, _ = text.lstrip("\r\n").partition("\n")
    for delimiter in DELIMITERS:
        columns = _columns(header, delimiter)
        if "path" in columns and "label" in columns:
            break
    else:
        raise DataError(f"{place.name} has no column path or no column label in its first line, '{header.strip()[:80]}'; {WAY_OUT}")
    try:
        reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise DataError(f"{place.name} is no CSV file ({error}); {WAY_OUT}") from None
    return lines[1:], columns


def _columns(header: str, delimiter: str) -> dict[str, int]:
    try:
        cells = [cell.strip().lower() for cell in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:
        return {}
    wanted = {"path": PATHS, "label": LABELS, "split": SPLIT, "domain": DOMAIN}
    return {column: cells.index(name) for column, names in wanted.items() for name in [next((name for name in names if name in cells), None)] if name}


def _rows(place: Path, lines: Sequence[tuple[int, list[str]]], columns: dict[str, int]) -> tuple[list[Row], dict[str, list[str]]]:
    """Return the rows that can be used, and by reason those that cannot."""
    rows, left_out, seen = [], {}, set()
    folder = os.path.abspath(place.parent)
    for number, cells in lines:
        cell = {column: cells[index].strip() if index < len(cells) else "" for column, index in columns.items()}
        row, reason = _row(folder, cell)
        if row and row.path in seen:
            row, reason = None, "their file is in an earlier row"
        if row:
            seen.add(row.path)
            rows.append(row)
        else:
            left_out.setdefault(reason, []).append(f"line {number} ({cell['path'] or 'no path'})")
    return rows, left_out


def _row(folder: str, cell: dict[str, str]) -> tuple[Row | None, str]:
    split = split_of(cell.get("split", "train"))
    if not cell["path"]:
        return None, "they name no file"
    if not cell["label"]:
        return None, "they have no label"
    if split is None:
        return None, "their split is not train, validation or test"
    if split == "left out":
        return None, f"their split '{cell['split']}' is not for training or measuring"
    if "domain" in cell and not cell["domain"]:
        return None, "they have no domain"
    path = os.path.normpath(os.path.join(folder, os.path.expanduser(cell["path"])))
    try:
        status = os.stat(path)
    # ValueError: a path with a zero byte
    except (OSError, ValueError):
        return None, "their file is not there"
    # a pipe would be waited for without end
    if not stat.S_ISREG(status.st_mode):
        return None, "what they name is no file"
    return Row(path, cell["path"], cell["label"], split, cell.get("domain", ""), stamp_of(status)), ""
