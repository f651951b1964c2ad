"""rft_core.store.run_store: a run that was deleted on the page is hidden, can be brought
back, and goes later.
"""

import pytest
from sqlalchemy import update

from rft_core.errors import StoreError, UnknownNameError
from rft_core.spec.run_spec import RunSpec
from rft_core.store.events import Event, append_events, read_events
from rft_core.store.run_store import UNDO_SECONDS
from rft_core.store.schema import runs
from tests.unit.store.test_run_store import CPU, make


def kept_run(store, status="finished") -> str:
    run_id = make(store, status)
    (store.folder(run_id) / "model.bin").write_bytes(b"x")
    append_events(store.engine, run_id, [Event(1, 0, 0.0, 0.0, "log", {})])
    return run_id


def age(store, run_id: str, seconds: float) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            update(runs).where(runs.c.run_id == run_id).values(deleted=runs.c.deleted - seconds)
        )


def test_a_discarded_run_is_nowhere_and_all_there(store):
    run_id, other = kept_run(store), kept_run(store)
    store.discard(run_id)
    assert (
        [record.run_id for record in store.records()]
        == [row.run_id for row in store.summaries().rows]
        == [other]
    )
    assert [row[0] for row in store.discarded()] == [run_id]
    with pytest.raises(
        StoreError, match="was deleted; the Runs page can bring it back for 10 minutes"
    ):
        store.get(run_id)
    with pytest.raises(UnknownNameError):
        store.get(run_id[:-1])
    assert (store.home.run_folder(run_id) / "model.bin").exists()


@pytest.mark.parametrize("status", ["queued", "finished", "failed"])
def test_undo_brings_it_back_as_it_was(store, status):
    run_id = kept_run(store, status)
    before = store.get(run_id)
    store.discard(run_id)
    assert store.restore(run_id) == before
    assert store.discarded() == []
    assert len(read_events(store.engine, run_id)) == 1


def test_a_discarded_run_is_not_started(store):
    run_id = store.submit(RunSpec())
    store.discard(run_id)
    assert store.claim(CPU) is None
    assert not store.is_busy
    store.restore(run_id)
    assert store.claim(CPU).run_id == run_id


@pytest.mark.parametrize("status", ["running", "stopping"])
def test_an_active_run_stays(store, status):
    run_id = make(store, status)
    with pytest.raises(StoreError, match="stop it before deleting it"):
        store.discard(run_id)
    assert store.discarded() == []


def test_what_was_discarded_long_ago_goes_for_good(store):
    old, new = kept_run(store), kept_run(store)
    for run_id in (old, new):
        store.discard(run_id)
    age(store, old, UNDO_SECONDS)
    assert store.purge() == [old]
    assert [row[0] for row in store.discarded()] == [new]
    assert not store.home.run_folder(old).exists()
    assert store.home.run_folder(new).exists()
    assert read_events(store.engine, old) == []
    with pytest.raises(StoreError):
        store.restore(old)


def test_the_next_deletion_and_emptying_free_the_disk(store):
    old, new = kept_run(store), kept_run(store)
    store.discard(old)
    age(store, old, UNDO_SECONDS)
    store.discard(new)
    assert not store.home.run_folder(old).exists()
    assert store.purge(older_than=0) == [new]
    assert not store.home.run_folder(new).exists()
