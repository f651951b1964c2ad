"""The short form of `make stress`: the faults that need no program started anew, in one home;
nothing is lost, doubled or left.
"""

from dataclasses import replace

import pytest

from tests.stress.checks import Tally, examine
from tests.stress.faults import SMALL_DISK, faults, inject, reference_runs
from tests.stress.world import World

LOCKED_SECONDS = 3.0
TIMES = {"kill -9 at random over a queue": 3}
# the first takes root, each other one starts a worker or a dashboard anew, which takes seconds;
# `make stress` has them, and tests/unit the worker's part of each
LONG = (
    SMALL_DISK,
    "kill -9 of the worker",
    "kill -9 of the server",
    "machine restarts, PIDs reused",
    "store locked 3 s at start",
    "clock jumps",
    "hung run, stop",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("stress"))
    yield world
    assert world.close() == []


@pytest.fixture(scope="module")
def references(world):
    return reference_runs(world)


@pytest.mark.parametrize("name", [name for name in faults(LOCKED_SECONDS) if name not in LONG])
def test_nothing_is_lost_doubled_or_left(world, references, name):
    tally = inject(world, faults(LOCKED_SECONDS)[name], TIMES.get(name, 1), references)
    assert tally.is_clean, "\n".join([str(tally.counts), *tally.complaints])


def test_the_checks_see_what_is_wrong(world, references):
    """A check that cannot fail would make every table clean."""
    whole = next(iter(references.values()))
    other = replace(whole, events=tuple(event for event in whole.events if event["step"] != 7))
    planted = {
        "runs_lost": replace(whole, row=whole.row | {"status": "running"}),
        "events_lost": other,
        "doubled": replace(whole, events=(*whole.events, whole.events[-2])),
        "other_numbers": replace(whole, row=whole.row | {"report": "{}"}),
        "damaged_files": replace(
            whole, artifacts=tuple(record | {"sha256": "0"} for record in whole.artifacts)
        ),
    }
    for column, seen in planted.items():
        tally = Tally(injected=1)
        examine(seen, tally, 0, whole)
        assert getattr(tally, column) > 0, column
    clean = Tally(injected=1)
    examine(whole, clean, 0, whole)
    assert clean.is_clean, clean.complaints
