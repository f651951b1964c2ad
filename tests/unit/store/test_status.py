"""rft_core.store.status: every pair of a status and an event, as one table to read."""

import pytest

from rft_core.store.status import (
    ABANDON,
    ACTIVE,
    CLAIM,
    DISCARD,
    ENDS,
    PAUSE,
    RELOCATE,
    RESUME,
    STATUSES,
    STOP,
    TRANSITIONS,
    is_offered,
    next_status,
    statuses_before,
)

NO = None
# status:      queued      running     stopping    paused     stopped    finished    failed    lost
ORDER = ("queued", "running", "stopping", "paused", "stopped", "finished", "failed", "lost")
TABLE = {
    CLAIM: ("running", NO, NO, NO, NO, NO, NO, NO),
    ABANDON: ("stopped", NO, NO, NO, NO, NO, NO, NO),
    STOP: ("stopped", "stopping", "stopping", "stopped", NO, NO, NO, "stopped"),
    PAUSE: ("paused", "stopping", "stopping", NO, NO, NO, NO, "paused"),
    RESUME: (NO, NO, NO, "queued", "queued", NO, "queued", "queued"),
    DISCARD: ("queued", NO, NO, "paused", "stopped", "finished", "failed", "lost"),
    RELOCATE: ("queued", NO, NO, "paused", "stopped", "finished", "failed", "lost"),
    ENDS["finished"]: (*("finished",) * 6, NO, "finished"),
    ENDS["failed"]: (*("failed",) * 5, NO, "failed", "failed"),
    ENDS["stopped"]: (*("stopped",) * 5, NO, NO, "stopped"),
    ENDS["paused"]: (*("paused",) * 4, NO, NO, NO, "paused"),
    ENDS["lost"]: (NO, "lost", "lost", NO, NO, NO, NO, "lost"),
}
PAIRS = [
    (status, event, expected)
    for event, row in TABLE.items()
    for status, expected in zip(ORDER, row, strict=True)
]


def test_every_pair_is_here():
    assert set(ORDER) == set(STATUSES)
    assert set(TABLE) == set(TRANSITIONS)


@pytest.mark.parametrize(("status", "event", "expected"), PAIRS)
def test_what_happens(status, event, expected):
    assert next_status(status, event) == expected
    assert (status in statuses_before(event)) == (expected is not None)


def test_an_unknown_event_is_a_mistake_of_the_program():
    with pytest.raises(KeyError):
        next_status("queued", "stop")


def test_a_run_that_is_not_finished_can_always_be_brought_to_its_end():
    """From each status some events lead to "finished"; from there none leads on."""
    forward = {
        status: {row[status] for row in TRANSITIONS.values() if status in row}
        for status in STATUSES
    }
    for status in STATUSES:
        reached, waiting = set(), {status}
        while waiting:
            reachable = waiting.pop()
            reached.add(reachable)
            waiting |= forward[reachable] - reached
        assert "finished" in reached, status
    assert forward["finished"] == {"finished"}


def test_what_a_page_offers():
    offered = {
        status: {event for event in (STOP, PAUSE, RESUME, DISCARD) if is_offered(status, event)}
        for status in STATUSES
    }
    assert offered == {
        "queued": {STOP, PAUSE, DISCARD},
        "running": {STOP, PAUSE},
        "stopping": set(),
        "paused": {RESUME, DISCARD},
        "stopped": {RESUME, DISCARD},
        "finished": {DISCARD},
        "failed": {RESUME, DISCARD},
        "lost": {RESUME, DISCARD},
    }


def test_what_a_page_offers_can_happen():
    assert all(
        next_status(status, event) is not None
        for status in STATUSES
        for event in TRANSITIONS
        if is_offered(status, event)
    )
    assert not any(is_offered(status, DISCARD) for status in ACTIVE)
