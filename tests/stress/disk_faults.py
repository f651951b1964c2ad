"""Faults of the disk and the store: a disk that is full, a store that is locked."""

import contextlib
import re
import sqlite3
import time

from tests.stress.checks import see
from tests.stress.injection import Injection, expect, hit
from tests.stress.world import World

# needs a home on a disk of its own
SMALL_DISK = "disk full, all of it (tmpfs)"


def fill_disk_for_checkpoint(world: World, number: int) -> Injection:
    """No file of the run may grow beyond 4 MB for 1.5 s: checkpoints fail half-written, and the run
    says so and goes on.
    """
    run_id = world.submit(number, "inject:full_checkpoint")
    wrong = expect(world, run_id, "finished")
    messages = [
        event
        for event in see(world.root, run_id).events
        if "could not be written" in event["payload"].get("text", "")
    ]
    return Injection(
        1,
        (run_id,),
        wrong if messages else (*wrong, f"{run_id} does not say that a checkpoint failed"),
        may_resume=False,
    )


def fill_disk_for_events(world: World, number: int) -> Injection:
    """The store refuses every write of the run for 1.5 s, as SQLite does on a
    full disk: events wait.
    """
    run_id = world.submit(number, "inject:full_events")
    wrong = expect(world, run_id, "finished")
    log = (world.root / "runs" / run_id / "run.log").read_bytes()
    return Injection(
        1,
        (run_id,),
        wrong if b"the store did not take" in log else (*wrong, f"{run_id} met no full disk"),
        may_resume=False,
    )


def fill_disk(world: World, number: int) -> Injection:
    """The disk of the whole home has no block left for 1.5 s: checkpoint, images, store, journal,
    log and worker meet it at once.
    """
    run_id = world.submit(number, "inject:full_disk")
    wrong = expect(world, run_id, "finished")
    messages = [
        event
        for event in see(world.root, run_id).events
        if re.search(
            "could not be written|does not fit on the disk", event["payload"].get("text", "")
        )
    ]
    return Injection(
        1,
        (run_id,),
        wrong if messages else (*wrong, f"{run_id} does not say that the disk was full"),
        may_resume=False,
        optional=("examples",),
    )


def lock_store(world: World, number: int, seconds: float) -> Injection:
    """Hold the store's write lock from another connection while a run works, ends, and
    the next one is due.
    """
    runs = (world.submit(number), world.submit(number + 1))
    hit(world, runs[0])
    with contextlib.closing(
        sqlite3.connect(world.root / "rft.db", timeout=30, isolation_level=None)
    ) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
    return Injection(1, runs, may_resume=False)


def lock_store_at_start(world: World, number: int, seconds: float) -> Injection:
    """Hold the store's write lock from the moment a run is claimed, before its
    process has said a word.
    """
    run_id = world.submit(number)
    with contextlib.closing(
        sqlite3.connect(world.root / "rft.db", timeout=30, isolation_level=None)
    ) as connection:
        world.until(lambda: world.row(run_id)["status"] == "running", 30)
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
    return Injection(1, (run_id,), may_resume=False)
