"""The faults.

Each is injected into real processes, and hands back the runs it touched with how
often each was resumed.
"""

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import MappingProxyType

from tests.stress.checks import Seen, Tally, examine, see
from tests.stress.disk_faults import (
    SMALL_DISK,
    fill_disk,
    fill_disk_for_checkpoint,
    fill_disk_for_events,
    lock_store,
    lock_store_at_start,
)
from tests.stress.injection import RUN_SECONDS, Injection, expect, hit
from tests.stress.world import World

RESUMABLE = ("lost", "failed", "paused", "stopped")
MOST_RESUMES = 4
DAY, HOUR = 86_400.0, 3_600.0


Fault = Callable[[World, int], Injection]


def kill_child(world: World, number: int) -> Injection:
    """Kill -9 a run's process at a random moment."""
    run_id = world.submit(number)
    pid = hit(world, run_id)
    if pid is None or not world.kill(pid):
        return Injection(0, (run_id,))
    # its last word may have been said before it was struck
    return Injection(
        1, (run_id,), expect(world, run_id, "lost", "finished", word="killed by signal 9")
    )


def kill_worker(world: World, number: int) -> Injection:
    """Kill -9 the worker at a random moment; a run that had begun goes on, the next
    worker takes the queue.
    """
    runs = (world.submit(number), world.submit(number + 1))
    pid = hit(world, runs[0])
    count = world.kill_worker()
    world.start_worker()
    return Injection(
        int(count), runs, expect(world, runs[0], "finished") if pid else (), may_resume=pid is None
    )


def kill_server(world: World, number: int) -> Injection:
    """Kill -9 the dashboard while a run is at work and another waits."""
    _serve(world)
    runs = (world.submit(number), world.submit(number + 1))
    hit(world, runs[0])
    return Injection(int(world.kill_server()), runs, may_resume=False)


def kill_at_random(world: World, number: int) -> Injection:
    """Kill -9 runs, worker and server at random moments over a queue of runs."""
    runs, count = tuple(world.submit(number + place) for place in range(3)), 0
    for _ in range(3):
        time.sleep(world.random.uniform(0.1, RUN_SECONDS))
        victim = world.random.choices(("child", "worker", "server"), (8, 2, 1))[0]
        if victim == "server":
            _serve(world)
            count += world.kill_server()
        elif victim == "worker":
            count += world.kill_worker()
            world.start_worker()
        else:
            world.until(
                lambda: any(map(world.executing, runs)) or not any(map(world.is_moving, runs)), 30
            )
            pid = next(filter(None, map(world.executing, runs)), None)
            count += pid is not None and world.kill(pid)
    return Injection(count, runs)


def restart_machine(world: World, number: int) -> Injection:
    """Kill everything at once, and let another program have the run's PID by the time
    a worker comes back.
    """
    _serve(world)
    run_id = world.submit(number)
    pid = hit(world, run_id)
    world.kill_worker()
    struck = pid is not None and world.kill(pid)
    world.kill_server()
    foreign = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    wrong: tuple[str, ...] = ()
    if struck and world.row(run_id)["status"] == "running":
        with (
            contextlib.closing(sqlite3.connect(world.root / "rft.db", timeout=30)) as connection,
            connection,
        ):
            connection.execute("update runs set pid = ? where run_id = ?", (foreign.pid, run_id))
        world.start_worker()
        wrong = expect(world, run_id, "lost", word="ended without a word")
    world.start_worker()
    if foreign.poll() is not None:
        wrong += ("a foreign process was ended",)
    foreign.kill()
    foreign.wait()
    return Injection(int(struck), (run_id,), wrong)


def jump_clock(world: World, number: int) -> Injection:
    """Let the wall clock jump a day forward or an hour back while a run works, with a new
    worker after the jump.
    """
    run_id = world.submit(number)
    pid = hit(world, run_id)
    world.jump(DAY if number % 2 == 0 else -HOUR)
    world.kill_worker()
    world.start_worker()
    wrong = expect(world, run_id, "finished")
    world.jump(0)
    return Injection(int(pid is not None), (run_id,), wrong if pid else (), may_resume=pid is None)


def run_out_of_memory(world: World, number: int) -> Injection:
    """Refuse all memory from step 12 on, as torch's CPU allocator does."""
    run_id = world.submit(number, "inject:no_memory")
    return Injection(1, (run_id,), expect(world, run_id, "failed", word="out of memory"))


def diverge(world: World, number: int) -> Injection:
    """Train at a learning rate that no model survives."""
    run_id = world.submit(number, optim__learning_rate=100.0, optim__weight_decay=0.5)
    return Injection(
        1,
        (run_id,),
        expect(world, run_id, "failed", word="lower optim.learning_rate"),
        may_resume=False,
        ends=("failed",),
        numbers=False,
    )


def hang(world: World, number: int) -> Injection:
    """Block a run for ever and ask it to stop, with a new worker after the block: it did not start
    the run, and must end it all the same.
    """
    run_id = world.submit(number, "inject:hang")
    world.until(lambda: world.executing(run_id), 30)
    world.until(lambda: world.row(run_id)["step"] >= 11, 20)
    if number % 2 == 0:
        world.kill_worker()
        world.start_worker()
    world.command("stop", run_id)
    return Injection(1, (run_id,), expect(world, run_id, "stopped", word="stopped by request"))


def faults(locked_seconds: float) -> MappingProxyType[str, Fault]:
    """Return every fault by name; the store is locked for `locked_seconds`."""
    return MappingProxyType(
        {
            "kill -9 of a run": kill_child,
            "kill -9 of the worker": kill_worker,
            "kill -9 of the server": kill_server,
            "kill -9 at random over a queue": kill_at_random,
            "machine restarts, PIDs reused": restart_machine,
            "disk full, checkpoint": fill_disk_for_checkpoint,
            "disk full, events": fill_disk_for_events,
            SMALL_DISK: fill_disk,
            f"store locked {locked_seconds:g} s": lambda world, number: lock_store(
                world, number, locked_seconds
            ),
            f"store locked {locked_seconds:g} s at start": lambda world, number: (
                lock_store_at_start(world, number, locked_seconds)
            ),
            "clock jumps": jump_clock,
            "out of memory": run_out_of_memory,
            "NaN loss": diverge,
            "hung run, stop": hang,
        }
    )


def inject(world: World, fault: Fault, times: int, references: dict[int, Seen]) -> Tally:
    """Inject `fault` at least `times` times; return what went wrong. `references` holds an
    uninterrupted run for each seed.
    """
    tally, number = Tally(), 0
    while tally.injected < times and number < 3 * times + 3:
        world.start_worker()
        done = fault(world, number)
        tally.injected += done.count
        tally.add("wrong_states", len(done.wrong), "; ".join(done.wrong))
        for run_id in done.runs:
            resumes = bring_home(world, run_id, done.ends)
            if resumes and not done.may_resume:
                tally.add("wrong_states", 1, f"{run_id} had to be resumed")
            seen = see(world.root, run_id)
            examine(
                seen,
                tally,
                resumes,
                references[_seed(seen)] if done.numbers else None,
                done.ends,
                done.optional,
            )
        left = world.orphans()
        tally.add("orphans", len(left), f"{left} outlive the work")
        number += 1
    return tally


def reference_runs(world: World) -> dict[int, Seen]:
    """Run each seed without a fault; return them by seed."""
    world.start_worker()
    runs = [world.submit(number) for number in range(2)]
    for run_id in runs:
        if world.until_still(run_id, 120) != "finished":
            raise RuntimeError(
                f"a run without a fault is {world.row(run_id)['status']}:"
                f" {world.row(run_id)['reason']}"
            )
    return {_seed(seen): seen for seen in (see(world.root, run_id) for run_id in runs)}


def bring_home(world: World, run_id: str, ends: tuple[str, ...]) -> int:
    """Wait for a run and resume it, by the program's own command, until it has ended in one of
    `ends`; return the number of resumes.
    """
    for resumes in range(MOST_RESUMES):
        status = world.until_still(run_id)
        if status in ends or status not in RESUMABLE:
            return resumes
        world.until_worker_serves()
        world.command("resume", run_id)
    world.until_still(run_id)
    return MOST_RESUMES


def _serve(world: World) -> None:
    """Start the dashboard and wait until it answers."""
    world.until_worker_serves()
    port = world.start_server()

    def answers() -> bool:
        try:
            return (
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).status
                == 200
            )
        except (OSError, urllib.error.URLError):
            return False

    if not world.until(answers, 60):
        raise RuntimeError("the dashboard did not come up")


def _seed(seen: Seen) -> int:
    return json.loads(seen.row["spec"])["seed"]
