"""From an older schema to this one: in place, inside the transaction that holds the write lock,
after a copy was made.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Column, Connection, inspect, update
from sqlalchemy.schema import CreateColumn

from rft_core.errors import StoreError
from rft_core.files.atomic import atomic_file
from rft_core.store.schema import SCHEMA_VERSION, meta, runs, summaries
from rft_core.store.summary_rows import repair_summaries

# the columns that came with a version; tables that came with one are made before
NEW_COLUMNS = MappingProxyType(
    {
        2: (runs.c.parent, runs.c.parent_step, runs.c.deleted),
        3: (summaries.c.measured_by,),
    }
)


def migrate(connection: Connection, version: int) -> None:
    """Bring a store of schema `version` up to date; tables that are new exist already.

    `connection` must hold the write lock, so that nobody writes between the copy and the change.
    The copy of an SQLite file is rft.db.v1.bak beside it; a server's database is left to its own
    backups. Raises StoreError without a copy.
    """
    if connection.dialect.name == "sqlite" and connection.engine.url.database not in (
        None,
        "",
        ":memory:",
    ):
        keep_copy(Path(connection.engine.url.database), version)
    for new in range(version + 1, SCHEMA_VERSION + 1):
        for column in NEW_COLUMNS[new]:
            _add(connection, column)
    repair_summaries(connection)
    connection.execute(
        update(meta).where(meta.c.key == "schema_version").values(value=str(SCHEMA_VERSION))
    )


def _add(connection: Connection, column: Column) -> None:
    """Add a column where its table is older than it; a table that was made
    just now has it already.
    """
    name = column.table.name
    if column.name not in {existing["name"] for existing in inspect(connection).get_columns(name)}:
        text = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {text}")


def keep_copy(path: Path, version: int) -> Path:
    """Copy an SQLite file, with what its journal holds, to
    FILE.v<version>.bak; return that path.
    """
    copy = path.with_name(f"{path.name}.v{version}.bak")
    try:
        with (
            atomic_file(copy) as unfinished,
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(unfinished)) as target,
        ):
            source.backup(target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"the run store {path} is of schema version {version} and no copy of it could be made"
            f" ({error}); free some space beside it"
        ) from None
    return copy
