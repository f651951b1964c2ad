"""One fault as it was injected, and what must come of it."""

import time
from dataclasses import dataclass

from tests.stress.world import World

# a run takes about a second once it is claimed
RUN_SECONDS = 1.2


@dataclass(frozen=True)
class Injection:
    """What a fault did: how many, to which runs, and the state each must
    have been in afterwards.
    """

    count: int
    runs: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    # runs that went on by themselves must not have needed a resume
    may_resume: bool = True
    ends: tuple[str, ...] = ("finished",)
    numbers: bool = True
    # kinds of events that the fault may keep from being reported
    optional: tuple[str, ...] = ()


def expect(world: World, run_id: str, *statuses: str, word: str = "") -> tuple[str, ...]:
    """Wait until a run rests; return what is wrong with its state: another one than `statuses`, or
    a reason without `word`.
    """
    status, row = world.until_still(run_id), world.row(run_id)
    if status in statuses and (status == "finished" or (row["reason"] and word in row["reason"])):
        return ()
    return (f"{run_id} is {status} and not {' or '.join(statuses)}: '{row['reason']}'",)


def hit(world: World, run_id: str) -> int | None:
    """Wait until the engine works on a run and then a random part of the run's time; return its
    process, None when it was faster.
    """
    world.until(lambda: world.executing(run_id) or not world.is_moving(run_id), 60)
    time.sleep(world.random.uniform(0, RUN_SECONDS))
    return world.executing(run_id)
