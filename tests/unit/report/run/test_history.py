"""rft_core.report.run.history: events become columns, the pace of a run and its clock
leave interruptions out.
"""

import numpy as np
import pytest

from rft_core.report.run.history import build_history, working_seconds
from rft_core.store.events import Event


def train(step: int, wall_time: float, **payload) -> Event:
    return Event(
        step + 1,
        step,
        step / 10,
        wall_time,
        "train",
        {"loss": 1.0, "epsilon": 0.0, "learning_rate": 0.1, "images_per_second": 9.0} | payload,
    )


def started(wall_time: float) -> Event:
    return Event(0, 0, 0.0, wall_time, "status", {"status": "running"})


@pytest.mark.parametrize(
    ("events", "pace"),
    [
        ([], None),
        ([train(0, 100.0)], None),
        ([train(0, 100.0), train(4, 102.0)], 0.5),
        ([train(0, 100.0), train(4, 102.0), started(900.0)], None),
        ([train(0, 100.0), train(4, 102.0), started(900.0), train(5, 901.0), train(7, 905.0)], 2.0),
        ([train(0, 100.0), train(4, 99.0)], 0.0),
        ([train(4, 100.0), train(4, 105.0)], None),
    ],
)
def test_pace(events, pace):
    assert build_history(events).pace == pace


def test_the_pace_is_that_of_the_newest_events():
    slow = [train(step, 10.0 * step) for step in range(10)]
    quick = [train(10 + step, 90.0 + 0.5 * step) for step in range(200)]
    assert build_history(slow + quick).pace == pytest.approx(0.5)


def test_what_was_not_reported_is_nan():
    training = build_history([train(0, 1.0), train(1, 2.0, process_memory_mib=512.5)]).training
    assert np.isnan(training["process_memory_mib"][0])
    assert training["process_memory_mib"][1] == 512.5
    assert np.isnan(training["device_memory_mib"]).all()


CURVE = [{"epsilon": 0.0, "accuracy": 0.5, "n": 10}, {"epsilon": 0.1, "accuracy": 0.2, "n": 10}]


def evaluation(sequence, step, wall_time):
    return Event(
        sequence,
        step,
        step / 10,
        wall_time,
        "eval",
        {"curve": CURVE, "expected_robustness": 0.35, "gradient_evaluations": 7 * step},
    )


def note(sequence, wall_time, text, kind="log"):
    return Event(sequence, 5, 0.5, wall_time, kind, {"text": text})


def test_columns():
    history = build_history(
        [note(1, 3.0, "a note"), evaluation(2, 0, 10.0), evaluation(3, 20, 16.0)]
    )
    assert list(history.column("step")) == [0, 20]
    assert list(history.column("epoch")) == [0, 2]
    assert list(history.column("seconds")) == [0, 6]
    assert list(history.column("gradient_evaluations")) == [0, 140]
    assert history.column("robust") == pytest.approx([0.2, 0.2])


# as runs of today say that they go on, and as runs of earlier versions did
@pytest.mark.parametrize("kind", ["resumed", "log"])
def test_a_pause_does_not_count(kind):
    events = [
        evaluation(1, 0, 100.0),
        evaluation(2, 5, 104.0),
        note(3, 105.0, "", "status"),
        note(4, 900.0, "a note"),
        note(5, 905.0, "resumed from the checkpoint of step 5", kind),
    ]
    assert working_seconds([*events, evaluation(6, 9, 908.0)])[6] == 4 + 1 + 3


@pytest.mark.parametrize("kind", ["resumed", "log"])
def test_a_run_that_was_killed_leaves_out_the_time_it_was_dead(kind):
    events = [
        evaluation(1, 0, 100.0),
        evaluation(2, 5, 104.0),
        note(3, 500.0, "resumed from the checkpoint of step 5", kind),
        evaluation(4, 9, 507.0),
    ]
    assert working_seconds(events)[4] == 4 + 7


def test_a_run_that_starts_over_starts_its_clock_over():
    events = [
        evaluation(1, 0, 100.0),
        evaluation(2, 5, 104.0),
        evaluation(3, 0, 300.0),
        evaluation(4, 5, 303.0),
    ]
    history = build_history(events)
    assert list(history.column("seconds")) == [0, 3]


def test_an_ordinary_note_takes_no_time_away():
    assert (
        working_seconds([evaluation(1, 0, 0.0), note(2, 3.0, "a note"), evaluation(3, 5, 8.0)])[3]
        == 8
    )


def test_that_a_run_goes_on_is_told_by_its_kind_and_stands_in_the_log():
    events = [
        evaluation(1, 0, 0.0),
        note(2, 3.0, "a note"),
        note(3, 500.0, "vom Stand bei Schritt 5", "resumed"),
        evaluation(4, 9, 507.0),
    ]
    assert working_seconds(events)[4] == 7
    assert build_history(events).log == ("a note", "vom Stand bei Schritt 5")
