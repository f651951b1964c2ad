"""rft_core.store.events: append-only rows, read "after sequence s"."""

import math

import pytest
from sqlalchemy.exc import IntegrityError

from rft_core.spec.run_spec import RunSpec
from rft_core.store.events import Event, append_events, last_sequence, read_events


def row(sequence: int, kind: str = "train", **payload) -> Event:
    return Event(sequence, sequence * 10, sequence / 4, 1.5, kind, payload)


@pytest.fixture
def run_id(store) -> str:
    return store.submit(RunSpec())


def test_rows_come_back_as_they_went(store, run_id):
    rows = [
        row(1, loss=0.5),
        row(2, "eval", curve=[{"accuracy": 0.25}]),
        row(3, "log", text="ä – ✓"),
    ]
    append_events(store.engine, run_id, rows)
    assert read_events(store.engine, run_id) == rows
    assert last_sequence(store.engine, run_id) == 3


def test_after_a_sequence_and_by_kind(store, run_id):
    append_events(store.engine, run_id, [row(1), row(2, "eval"), row(3), row(4, "eval")])
    assert [event.sequence for event in read_events(store.engine, run_id, after=2)] == [3, 4]
    assert [event.sequence for event in read_events(store.engine, run_id, kinds=("eval",))] == [
        2,
        4,
    ]
    assert [
        event.sequence for event in read_events(store.engine, run_id, after=2, kinds=("eval",))
    ] == [4]
    assert read_events(store.engine, run_id, after=4) == []


def test_no_rows(store, run_id):
    append_events(store.engine, run_id, [])
    assert read_events(store.engine, run_id) == []
    assert last_sequence(store.engine, run_id) == 0


def test_runs_do_not_mix(store, run_id):
    other = store.submit(RunSpec())
    append_events(store.engine, run_id, [row(1)])
    append_events(store.engine, other, [row(1), row(2)])
    assert last_sequence(store.engine, run_id) == 1
    assert last_sequence(store.engine, other) == 2


def test_a_sequence_is_used_once_and_a_refused_batch_leaves_nothing(store, run_id):
    append_events(store.engine, run_id, [row(1)])
    with pytest.raises(IntegrityError):
        append_events(store.engine, run_id, [row(2), row(1)])
    assert last_sequence(store.engine, run_id) == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_no_word_for_becomes_null(store, run_id, value):
    append_events(store.engine, run_id, [row(1, loss=value, step=3)])
    assert read_events(store.engine, run_id)[0].payload == {"loss": None, "step": 3}
