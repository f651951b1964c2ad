"""A damaged SQLite file: named, copied as far as it can be read, and kept."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import select

from rft_core.health.repair import repair_home, store_file, survey
from rft_core.store.recovery import recover
from rft_core.store.run_store import RunStore
from rft_core.store.schema import events
from rft_core.worker.loop import worker_lock
from tests.unit.health.damage import age, findings, repaired
from tests.unit.report.stored import stored


@pytest.fixture
def run_id(store) -> str:
    return stored(store, "one").run_id


class TestStore:
    @pytest.fixture
    def damaged(self, store) -> RunStore:
        """A store of 40 runs with pages in its middle overwritten, closed as after a crash."""
        for number in range(40):
            stored(store, f"run {number}")
        path = store_file(store.home)
        assert path is not None
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            pages = (
                [
                    row[0]
                    for row in connection.execute(
                        "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf'"
                    )
                ]
                if _has_dbstat(connection)
                else []
            )
        store.engine.dispose()
        data = bytearray(path.read_bytes())
        for page in pages[3:5] or range(len(data) // size // 2, len(data) // size // 2 + 2):
            data[(page - 1) * size : page * size] = b"\xa5" * size
        path.write_bytes(data)
        return store

    def test_it_is_named_and_nothing_is_changed(self, damaged):
        path = store_file(damaged.home)
        before = path.read_bytes()
        (finding,) = survey(damaged.home)
        assert (finding.kind, finding.subject) == ("store", "rft.db")
        assert path.read_bytes() == before

    def test_what_can_be_read_is_recovered_and_the_rest_is_kept_beside(self, damaged):
        path = store_file(damaged.home)
        before = path.read_bytes()
        assert ("store", "rft.db") in repaired(damaged.home)
        (copy,) = path.parent.glob("rft.db.damaged-*")
        assert copy.read_bytes() == before
        store = RunStore(damaged.home)
        assert len(store.records()) == 40
        assert len(store.summaries().rows) == 20
        with store.engine.connect() as connection:
            kept = len(connection.execute(select(events)).all())
        assert 60 < kept < 120
        assert findings(damaged.home) == []

    def test_a_file_that_is_no_database_any_more(self, store, run_id):
        path = store_file(store.home)
        store.engine.dispose()
        path.write_bytes(b"\0" * 8192)
        age(store.home.run_folder(run_id))
        found = repaired(store.home)
        assert found == [("store", "rft.db"), ("folder", f"runs/{run_id}")]
        assert (store.home.root / "orphans" / run_id / "verdicts.npz").is_file()
        assert findings(store.home) == []

    def test_what_makes_no_sense_is_left_out_and_counted(self, store):
        """A run whose row is gone, one whose settings are no settings, and
        an event that is none.
        """
        ids = [stored(store, name).run_id for name in ("gone", "nonsense", "good")]
        store.engine.dispose()
        path = store_file(store.home)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM runs WHERE run_id = ?", ids[:1])
            connection.execute("UPDATE runs SET spec = '{' WHERE run_id = ?", ids[1:2])
            connection.execute(
                "UPDATE events SET payload = 'x' WHERE run_id = ? AND sequence = 2", ids[2:]
            )
        # three events of each of the two runs, the row of the second, and one event of the third
        assert recover(path).startswith("1 runs are recovered, 8 rows are not")
        fresh = RunStore(store.home)
        assert [record.run_id for record in fresh.records()] == ids[2:]
        with fresh.engine.connect() as connection:
            assert [(row.run_id, row.sequence) for row in connection.execute(select(events))] == [
                (ids[2], 1),
                (ids[2], 3),
            ]

    def test_not_while_a_worker_or_another_process_uses_it(self, damaged, monkeypatch):
        before = store_file(damaged.home).read_bytes()
        with worker_lock(damaged.home).acquire(timeout=0):
            ((_, reason),) = repair_home(damaged.home)
        assert "a worker is at work" in reason
        monkeypatch.setattr("rft_core.store.recovery._users", lambda path: [77])
        ((_, reason),) = repair_home(damaged.home)
        assert "open in process 77; close the dashboard" in reason
        assert store_file(damaged.home).read_bytes() == before
        assert not list(damaged.home.root.glob("rft.db.damaged-*"))


def _has_dbstat(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1 FROM dbstat LIMIT 1")
    except sqlite3.OperationalError:
        return False
    return True
