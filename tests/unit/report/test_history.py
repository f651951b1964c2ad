"""rft_core.report.history: events as columns, and the clock of a run that was paused or killed."""

import pytest

from rft_core.report.history import build_history, working_seconds
from rft_core.store.events import Event

CURVE = [{"epsilon": 0.0, "accuracy": 0.5, "n": 10}, {"epsilon": 0.1, "accuracy": 0.2, "n": 10}]


def evaluation(sequence, step, wall_time):
    return Event(sequence, step, step / 10, wall_time, "eval", {"curve": CURVE, "expected_robustness": 0.35, "gradient_evaluations": 7 * step})


def note(sequence, wall_time, text, kind="log"):
    return Event(sequence, 5, 0.5, wall_time, kind, {"text": text})


def test_columns():
    history = build_history([note(1, 3.0, "a note"), evaluation(2, 0, 10.0), evaluation(3, 20, 16.0)])
    assert list(history.column("step")) == [0, 20]
    assert list(history.column("epoch")) == [0, 2]
    assert list(history.column("seconds")) == [0, 6]
    assert list(history.column("gradient_evaluations")) == [0, 140]
    assert history.column("robust") == pytest.approx([0.2, 0.2])


def test_a_pause_does_not_count():
    events = [
        evaluation(1, 0, 100.0),
        evaluation(2, 5, 104.0),
        note(3, 105.0, "", "status"),
        note(4, 900.0, "a note"),
        note(5, 905.0, "resumed from the checkpoint of step 5"),
    ]
    assert working_seconds([*events, evaluation(6, 9, 908.0)])[6] == 4 + 1 + 3


def test_a_run_that_was_killed_leaves_out_the_time_it_was_dead():
    events = [evaluation(1, 0, 100.0), evaluation(2, 5, 104.0), note(3, 500.0, "resumed from the checkpoint of step 5"), evaluation(4, 9, 507.0)]
    assert working_seconds(events)[4] == 4 + 7


def test_a_run_that_starts_over_starts_its_clock_over():
    events = [evaluation(1, 0, 100.0), evaluation(2, 5, 104.0), evaluation(3, 0, 300.0), evaluation(4, 5, 303.0)]
    history = build_history(events)
    assert list(history.column("seconds")) == [0, 3]


def test_an_ordinary_note_takes_no_time_away():
    assert working_seconds([evaluation(1, 0, 0.0), note(2, 3.0, "a note"), evaluation(3, 5, 8.0)])[3] == 8
