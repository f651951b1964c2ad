"""Open the store: SQLite in WAL mode by default, PostgreSQL by URL."""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from rft_core.errors import StoreError
from rft_core.store.filesystem import network_kind
from rft_core.store.migration import migrate
from rft_core.store.schema import SCHEMA_VERSION, meta, metadata

BUSY_MILLISECONDS = 10_000
WAL_TRIES, WAL_PAUSE_SECONDS = 100, 0.05


def open_engine(url: str) -> Engine:
    """Return an engine on `url` with the schema in place; raises StoreError saying what to do when
    it cannot be opened.
    """
    try:
        address = make_url(url)
        engine = create_engine(address)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StoreError(
            f"RFT_STORE is '{url}', which is not a database address ({error}); write"
            " sqlite:///FILE or postgresql://HOST/NAME"
        ) from None
    if address.get_backend_name() == "sqlite":
        _refuse_network(address.database)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(
            engine,
            "begin",
            lambda connection: connection.exec_driver_sql(
                "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
            ),
        )
    try:
        _create(engine)
    except DBAPIError as error:
        location = (
            f"the file {Path(address.database).resolve()}"
            if address.database and address.get_backend_name() == "sqlite"
            else "the database"
        )
        raise StoreError(
            f"the run store cannot be opened: {location}: {error.orig}; set RFT_HOME or RFT_STORE"
            " to another place"
        ) from None
    return engine


def _refuse_network(database: str | None) -> None:
    if database and (kind := network_kind(Path(database).parent)):
        raise StoreError(
            f"the run store {database} lies on a network file system ({kind}), where SQLite loses"
            " data; set RFT_HOME to a local folder, or set RFT_STORE to postgresql://HOST/NAME to"
            " share a store between machines"
        )


def _configure_sqlite(connection, _record) -> None:
    # SQLAlchemy begins transactions itself, so that a writer can take its lock at the start
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    _switch_to_wal(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _switch_to_wal(cursor) -> None:
    """SQLite refuses this one change at once, busy timeout or not, while another connection
    of a new file writes.
    """
    for _ in range(WAL_TRIES - 1):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(WAL_PAUSE_SECONDS)
    cursor.execute("PRAGMA journal_mode=WAL")


def _is_up_to_date(engine: Engine) -> bool:
    """Return whether the schema needs nothing: opening a store must not wait for
    whoever writes to it.
    """
    with engine.connect() as connection:
        if not set(metadata.tables) <= set(inspect(connection).get_table_names()):
            return False
        return connection.execute(
            select(meta.c.value).where(meta.c.key == "schema_version")
        ).scalar() == str(SCHEMA_VERSION)


def _create(engine: Engine) -> None:
    if _is_up_to_date(engine):
        return
    with engine.execution_options(writes=True).begin() as connection:
        metadata.create_all(connection)
        # the lock of a server's database; SQLite has its own since the transaction began
        version = connection.execute(
            select(meta.c.value).where(meta.c.key == "schema_version").with_for_update()
        ).scalar()
        if version is None:
            connection.execute(insert(meta).values(key="schema_version", value=str(SCHEMA_VERSION)))
        elif int(version) > SCHEMA_VERSION:
            raise StoreError(
                f"the run store has schema version {version}, this program knows {SCHEMA_VERSION};"
                " update RFT Lab, or set RFT_HOME to another folder"
            )
        elif int(version) < SCHEMA_VERSION:
            migrate(connection, int(version))
