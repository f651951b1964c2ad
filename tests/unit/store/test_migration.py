"""rft_core.store.migration: a store of schema version 1 becomes one of this version, and
nothing in it changes.
"""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete, inspect, update

from rft_core.errors import StoreError
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store import process
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import read_events
from rft_core.store.run_store import RunStore
from rft_core.store.schema import SCHEMA_VERSION, meta, runs, summaries
from rft_core.store.summaries import Wanted
from tests.unit.report.stored import stored

# written by the program of schema version 1: a finished, a failed and a queued run
VERSION_1 = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def old(home) -> Path:
    """A store of schema version 1 at its place in `home`."""
    path = home.root / "rft.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_1.read_text())
    connection.close()
    return path


def rows(path: Path, table: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
    finally:
        connection.close()


def test_everything_is_there_afterwards(home, old):
    before = {table: rows(old, table) for table in ("runs", "events", "artifacts")}
    store = RunStore(home)
    assert rows(old, "meta") == [("schema_version", str(SCHEMA_VERSION))]
    assert [row[: len(before["runs"][0])] for row in rows(old, "runs")] == before["runs"]
    assert all(set(row[len(before["runs"][0]) :]) == {None} for row in rows(old, "runs"))
    assert (rows(old, "events"), rows(old, "artifacts")) == (before["events"], before["artifacts"])
    first = next(record for record in store.records() if record.name == "first")
    assert first.report["clean_accuracy"] == 0.8
    assert first.spec.notes == 'Über alles: <b>"bold"</b>'
    assert len(read_events(store.engine, first.run_id)) == 2
    assert len(list_artifacts(store.engine, first.run_id)) == 1


def test_the_lists_know_every_run(home, old, monkeypatch):
    store = RunStore(home)
    by_name = {row.name: row for row in store.summaries().rows}
    first, second = by_name["first"], by_name["second"]
    assert (first.clean, first.robust, first.expected, first.tags) == (
        0.8,
        0.4,
        0.6,
        ("thesis", "draft"),
    )
    assert (second.clean, second.schedule, second.status) == (None, "constant", "failed")
    assert store.summaries(Wanted("über THESIS")).total == 1
    monkeypatch.setattr(process, "this_host", lambda: "lab-7")
    (pace,) = store.measured_paces(preset("digits_quick"))
    assert (pace.gradient_evaluations / pace.seconds, pace.basis) == (
        200.0,
        "the run 'first' on this machine",
    )


def test_a_copy_is_put_aside_and_can_be_opened_by_the_old_program(home, old):
    # half of the file is still in the journal, as it is while another program has it open
    reader = sqlite3.connect(old)
    reader.execute("PRAGMA journal_mode=WAL")
    reader.execute("UPDATE runs SET name = 'renamed' WHERE name = 'first'")
    reader.commit()
    RunStore(home)
    reader.close()
    copy = home.root / "rft.db.v1.bak"
    assert rows(copy, "meta") == [("schema_version", "1")]
    assert sorted(row[2] for row in rows(copy, "runs"))[1:] == ["renamed", "second"]
    assert not list(home.root.glob("*.tmp"))


def test_it_happens_once(home, old):
    RunStore(home)
    (home.root / "rft.db.v1.bak").unlink()
    RunStore(home)
    assert not (home.root / "rft.db.v1.bak").exists()


def test_many_at_once(home, old):
    failures = []

    def open_it() -> None:
        try:
            assert RunStore(home).summaries().total == 3
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failures == []


def test_without_a_copy_nothing_changes(home, old, monkeypatch):
    def refuse(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("rft_core.files.atomic.os.replace", refuse)
    with pytest.raises(
        StoreError, match="schema version 1 and no copy.*no space left on device.*free some space"
    ):
        RunStore(home)
    assert rows(old, "meta") == [("schema_version", "1")]
    monkeypatch.undo()
    monkeypatch.setenv("RFT_HOME", str(home.root))
    assert RunStore(home).summaries().total == 3


def test_a_migrated_store_has_the_schema_of_a_new_one(home, old, tmp_path):
    new = RunStore(type(home)(tmp_path, f"sqlite:///{tmp_path / 'new.db'}"))
    tables = [inspect(store.engine) for store in (RunStore(home), new)]
    for name in ("runs", "events", "artifacts", "summaries", "meta"):
        first, second = (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            ]
            for inspector in tables
        )
        assert first == second


def test_what_an_older_program_writes_meanwhile_is_mended(store):
    run_id, other = (
        store.submit(with_settings(RunSpec(), {"name": "mine"})),
        store.submit(RunSpec()),
    )
    with store.engine.begin() as connection:
        connection.execute(delete(summaries).where(summaries.c.run_id == run_id))
        connection.execute(
            update(runs)
            .where(runs.c.run_id == other)
            .values(report='{"clean_accuracy": 0.25}', status="finished")
        )
    assert store.summaries().total == 1
    store.reconcile()
    assert {row.run_id: row.clean for row in store.summaries().rows} == {run_id: None, other: 0.25}


def as_version_2(store: RunStore) -> None:
    """Make a store one of schema version 2: its lists did not say what measured a run."""
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE summaries DROP COLUMN measured_by")
        connection.execute(update(meta).values(value="2"))


@pytest.mark.parametrize(
    ("attack", "chip"), [("pgd", "PGD-10, n 200"), ("autoattack", "AutoAttack, n 200")]
)
def test_the_lists_of_version_2_learn_what_measured_each_run(store, attack, chip):
    record = stored(store, "measured", evaluation__attack=attack)
    waiting = store.submit(RunSpec())
    as_version_2(store)
    again = RunStore(store.home)
    found = {row.run_id: row.measured_by for row in again.summaries().rows}
    assert (found[record.run_id].chip, found[waiting]) == (chip, None)
    assert again.get(record.run_id).report == record.report
    assert (store.home.root / "rft.db.v2.bak").is_file()


def test_runs_of_version_1_keep_their_numbers_and_their_label(home, old):
    (first, *_) = [row for row in RunStore(home).summaries().rows if row.robust is not None]
    assert (first.robust, first.measured_by.attack, first.measured_by.n) == (0.4, "pgd", 100)


def test_a_list_that_an_older_program_wrote_meanwhile_is_labelled(store):
    record = stored(store, "one")
    with store.engine.begin() as connection:
        connection.execute(update(summaries).values(measured_by=None))
    assert store.summaries().rows[0].measured_by is None
    store.reconcile()
    assert store.summaries().rows[0].measured_by == record.measured_by
