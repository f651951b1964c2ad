"""A damaged SQLite file: found by SQLite itself, and copied as far as it can be read, table by
table, into a new one.

The damaged file is kept beside it, with its journal.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Table, insert

from rft_core.errors import StoreError, UserError
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.connection import open_engine
from rft_core.store.schema import artifacts, events, runs
from rft_core.store.summary_rows import repair_summaries

# a gap between two rows where reading fails is tried row by row up to this size
LARGEST_GAP = 2**20
JOURNALS = ("-wal", "-shm")


def find_damage(path: Path) -> str:
    """Return the faults that `PRAGMA integrity_check` finds in the SQLite file `path`, in one line;
    empty where it is intact or absent.
    """
    if not path.is_file():
        return ""
    try:
        with closing(_open(path)) as connection:
            lines = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    except sqlite3.OperationalError as error:
        # locked, or no right to read: nothing is said of the file itself
        return "" if "lock" in str(error) or "unable to open" in str(error) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if lines == ["ok"] else "; ".join(" ".join(str(line).split()) for line in lines)


def recover(path: Path) -> str:
    """Replace the damaged file by one with every row that can be read and makes sense; return how
    many runs that is, and where the old one lies.

    Raises StoreError where a process still has the file open, or the disk has no room for a copy.
    """
    if users := _users(path):
        raise StoreError(
            f"the run store {path} is open in process {', '.join(map(str, users))}; close the"
            " dashboard and its workers, then repair it"
        )
    backup, fresh = (
        path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"),
        path.with_name(f"{path.name}.recovered.tmp"),
    )
    try:
        for ending in ("", *JOURNALS):
            if path.with_name(path.name + ending).is_file():
                shutil.copy2(
                    path.with_name(path.name + ending), backup.with_name(backup.name + ending)
                )
        _remove(fresh)
        kept, lost = _copy(path, fresh)
        # a journal of the old file would be played into the new one
        for ending in JOURNALS:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        os.replace(fresh, path)
    except OSError as error:
        raise StoreError(
            f"the run store {path} cannot be recovered ({error.strerror}); free some space"
            " beside it"
        ) from None
    finally:
        _remove(fresh)
    return f"{kept} runs are recovered, {lost} rows are not; the damaged file is {backup.name}"


def _copy(path: Path, fresh: Path) -> tuple[int, int]:
    """Copy what can be read and makes sense into the new file `fresh`; return (runs kept, rows that
    were read and make no sense).
    """
    engine = open_engine(f"sqlite:///{fresh}")
    try:
        with (
            closing(_open(path)) as source,
            engine.execution_options(writes=True).begin() as target,
        ):
            found = {row["run_id"]: row for row in _rows(source, runs)}
            good = {run_id: row for run_id, row in found.items() if _is_run(row)}
            lost = len(found) - len(good) + _fill(target, runs, good.values(), good)
            for table in (events, artifacts):
                lost += _fill(target, table, _rows(source, table), good)
            repair_summaries(target)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    return len(good), lost


def _fill(target: Connection, table: Table, rows: Any, run_ids: dict[str, Any]) -> int:
    """Insert rows of known runs; return how many were left out."""
    lost, ready = 0, []
    for row in rows:
        if row["run_id"] in run_ids and _makes_sense(table, row):
            ready.append(row)
        else:
            lost += 1
    if ready:
        target.execute(insert(table).prefix_with("OR IGNORE"), ready)
    return lost


def _is_run(row: dict[str, Any]) -> bool:
    try:
        parse_stored(row["spec"])
        return row["report"] is None or isinstance(json.loads(row["report"]), dict)
    except (UserError, ValueError, TypeError, KeyError):
        return False


def _makes_sense(table: Table, row: dict[str, Any]) -> bool:
    if any(
        row.get(column.name) is None
        for column in table.columns
        if not column.nullable and column.default is None
    ):
        return False
    try:
        return table is not events or isinstance(json.loads(row["payload"]), dict)
    except (ValueError, TypeError):
        return False


def _rows(source: sqlite3.Connection, table: Table) -> Iterator[dict[str, Any]]:
    """Yield the rows that can be read: from the front to the first damage, from the end back to it,
    and those between one by one.
    """
    try:
        there = {row[1] for row in source.execute(f"PRAGMA table_info({table.name})")}
    except sqlite3.DatabaseError:
        return
    names = [column.name for column in table.columns if column.name in there]
    # without an index, which may be the damaged part
    query = f"SELECT rowid, {', '.join(names)} FROM {table.name} NOT INDEXED"
    last, is_broken = 0, False
    try:
        for row in source.execute(f"{query} ORDER BY rowid"):
            last = row[0]
            yield dict(zip(names, row[1:]))
    except sqlite3.DatabaseError:
        is_broken = True
    if not is_broken or not names:
        return
    first = None
    try:
        for row in source.execute(f"{query} WHERE rowid > ? ORDER BY rowid DESC", (last,)):
            first = row[0]
            yield dict(zip(names, row[1:]))
    except sqlite3.DatabaseError:
        pass
    if first is not None and first - last - 1 <= LARGEST_GAP:
        yield from (
            dict(zip(names, row[1:])) for row in _between(source, query, last + 1, first - 1)
        )


def _between(
    source: sqlite3.Connection, query: str, low: int, high: int
) -> Iterator[Sequence[Any]]:
    if low > high:
        return
    try:
        yield from source.execute(f"{query} WHERE rowid BETWEEN ? AND ?", (low, high)).fetchall()
    except sqlite3.DatabaseError:
        if low < high:
            middle = (low + high) // 2
            yield from _between(source, query, low, middle)
            yield from _between(source, query, middle + 1, high)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10)
    connection.text_factory = lambda data: data.decode(errors="replace")
    return connection


def _users(path: Path) -> list[int]:
    """Return the other processes of this user that have the file open: after it is replaced they
    would write into one that is gone.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(
                Path(file.path) == path.resolve() for file in process.open_files()
            ):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def _remove(path: Path) -> None:
    for ending in ("", *JOURNALS):
        path.with_name(path.name + ending).unlink(missing_ok=True)
