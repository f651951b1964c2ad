"""rft_core.store.journal: what a killed process had reported reaches the store, once."""

import pytest

from rft_core.files.run_files import JOURNAL
from rft_core.spec.run_spec import RunSpec
from rft_core.store.artifacts import Artifact, list_artifacts
from rft_core.store.events import Event, append_events, read_events
from rft_core.store.journal import Journal, recover

FILE = Artifact("model.bin", "weights", 3, "abc")


def event(sequence: int) -> Event:
    return Event(sequence, sequence, 0.5, 1.0, "train", {"loss": 0.25})


@pytest.fixture
def run_id(store) -> str:
    return store.submit(RunSpec())


def test_what_was_noted_is_recovered_and_forgotten(store, run_id):
    folder = store.folder(run_id)
    for entry in (event(1), FILE, event(2)):
        Journal(folder).note(entry)
    recover(store.engine, run_id, folder)
    assert read_events(store.engine, run_id) == [event(1), event(2)]
    assert list_artifacts(store.engine, run_id) == [FILE]
    assert list(folder.iterdir()) == []


def test_what_the_store_has_is_not_doubled(store, run_id):
    folder = store.folder(run_id)
    append_events(store.engine, run_id, [event(1), event(2)])
    for sequence in (1, 2, 3):
        Journal(folder).note(event(sequence))
    recover(store.engine, run_id, folder)
    assert [event.sequence for event in read_events(store.engine, run_id)] == [1, 2, 3]


def test_a_line_that_was_cut_short_costs_no_other(store, run_id):
    folder = store.folder(run_id)
    (folder / JOURNAL).write_text('{"Event": {"sequ\n')
    Journal(folder).note(event(1))
    recover(store.engine, run_id, folder)
    assert [event.sequence for event in read_events(store.engine, run_id)] == [1]


def test_a_disk_that_takes_nothing_is_borne(tmp_path):
    journal = Journal(tmp_path / "missing")
    journal.note(event(1))
    journal.clear()


@pytest.mark.parametrize("by", ["finish", "reconcile"])
def test_a_lost_run_has_all_its_events(store, run_id, by):
    store.claim(("cpu",))
    Journal(store.folder(run_id)).note(event(1))
    if by == "finish":
        store.finish(run_id, "lost", "killed")
    else:
        store._set(run_id, pid=1, pid_start=1.0)
        assert store.reconcile() == [run_id]
    assert [event.sequence for event in read_events(store.engine, run_id)] == [1]
