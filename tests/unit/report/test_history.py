"""rft_core.report.history: events become columns, and the pace of a run leaves its interruptions out."""

import numpy as np
import pytest

from rft_core.report.history import build_history
from rft_core.store.events import Event


def train(step: int, wall_time: float, **payload) -> Event:
    return Event(step + 1, step, step / 10, wall_time, "train", {"loss": 1.0, "epsilon": 0.0, "learning_rate": 0.1, "images_per_second": 9.0} | payload)


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
