"""rft_core.store.connection: opening the store, or saying why it cannot be opened."""

import sqlite3
import threading

import pytest
from sqlalchemy import select, update

from rft_core.errors import StoreError
from rft_core.spec.run_spec import RunSpec
from rft_core.store import connection as connection_module
from rft_core.store.connection import open_engine
from rft_core.store.run_store import RunStore
from rft_core.store.schema import SCHEMA_VERSION, meta


def test_opening_twice_keeps_what_is_there(tmp_path):
    url = f"sqlite:///{tmp_path / 'rft.db'}"
    for _ in range(2):
        engine = open_engine(url)
        with engine.connect() as connection:
            assert connection.execute(select(meta.c.value)).scalars().all() == [str(SCHEMA_VERSION)]


def test_readers_do_not_wait_for_a_writer(store):
    run_id = store.submit(RunSpec())
    with store._write() as connection:
        connection.execute(update(meta).values(value="1"))
        assert store.get(run_id).status == "queued"


def test_opening_does_not_wait_for_a_writer(store, monkeypatch):
    monkeypatch.setattr(connection_module, "BUSY_MILLISECONDS", 1)
    with store._write() as connection:
        connection.execute(update(meta).values(value="2"))
        assert RunStore(store.home).records() == []


def test_sqlite_is_in_wal_mode_with_foreign_keys(store):
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("url", ["nonsense", "", "mysterious://host/name", "sqlite//x"])
def test_no_database_address(url):
    with pytest.raises(StoreError, match="RFT_STORE is"):
        open_engine(url)


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "rft.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match="rft.db.*set RFT_HOME or RFT_STORE"):
        open_engine(f"sqlite:///{path}")


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(StoreError, match="missing/rft.db"):
        open_engine(f"sqlite:///{tmp_path / 'missing' / 'rft.db'}")


def test_a_store_of_a_later_program_is_left_alone(home):
    RunStore(home)
    with sqlite3.connect(home.root / "rft.db") as connection:
        connection.execute("UPDATE meta SET value = '999'")
    with pytest.raises(StoreError, match="schema version 999.*update RFT Lab"):
        RunStore(home)


def test_many_writers_at_once(home):
    stores = [RunStore(home) for _ in range(4)]
    ids: list[str] = []

    def write(store: RunStore) -> None:
        for _ in range(5):
            ids.append(store.submit(RunSpec()))

    threads = [threading.Thread(target=write, args=(store,)) for store in stores]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(ids) == len(stores[0].records()) == 20


def test_the_store_can_be_made_by_many_at_once(home):
    failures = []

    def make() -> None:
        try:
            RunStore(home)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failures == []


def test_a_store_that_is_being_written_to_is_waited_for(home):
    """SQLite answers "database is locked" at once to the change to WAL while another connection
    writes: no wait of its own.
    """
    other = sqlite3.connect(home.root / "rft.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE started (x)")
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, other.execute, ("COMMIT",))
    ending.start()
    store = RunStore(home)
    ending.join()
    assert store.records() == []
