"""rft_core.store.queue: what a queued run waits for."""

from rft_core.store.queue import Waiting, find_waiting
from tests.unit.store.test_summaries import submit


def test_the_place_counts_those_that_start_before(store):
    first, second, third = (submit(store, name) for name in "abc")
    assert [find_waiting(store.engine, run_id) for run_id in (first, second, third)] == [
        Waiting(1, ()),
        Waiting(2, ()),
        Waiting(3, ()),
    ]
    store.claim(("cpu",))
    assert find_waiting(store.engine, first) is None
    assert find_waiting(store.engine, third) == Waiting(2, ("a",))
    store.request(second, "pause")
    assert find_waiting(store.engine, third) == Waiting(1, ("a",))
    # resumed, it keeps the place of the day it was made
    store.resume(second)
    assert find_waiting(store.engine, third) == Waiting(2, ("a",))


def test_deleted_and_unknown_runs_wait_for_nothing(store):
    first, second = submit(store, "a"), submit(store, "b")
    store.discard(first)
    assert find_waiting(store.engine, second) == Waiting(1, ())
    assert find_waiting(store.engine, "20200101-000000-abcdef") is None
