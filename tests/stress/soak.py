"""python -m tests.stress.soak: the real dashboard and worker for a long time under a full queue and
many visitors; exits 1 when memory grew or anything went wrong.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.stress.memory import Reading, growth, memory_complaints, read_processes
from tests.stress.serving import (
    PRESETS,
    end,
    is_done,
    page_rows,
    print_rows,
    serve,
    small_spec,
    write_json,
    wrong_lines,
)
from tests.stress.visitor import Visitor, Visits
from tests.stress.world import World

WAITING, KEPT = 3, 60
READ_SECONDS, FEED_SECONDS = 10.0, 2.0
STAY_SECONDS, LOOK_SECONDS = (120.0, 300.0), (5.0, 15.0)
DRAIN_SECONDS = 300.0


@dataclass
class Feeder:
    """Keeps the queue full, and removes all but the newest finished runs once
    their logs were read.
    """

    world: World
    submitted: list[str] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    waiting: int = 0

    def feed(self) -> None:
        """Submit until three runs wait; look at what ended; delete what is old."""
        self.look()
        for _ in range(WAITING - self.waiting):
            number = len(self.submitted)
            self.submitted.append(
                self.world.store.submit(small_spec(PRESETS[number % len(PRESETS)], seed=number))
            )
        for run_id in self.finished()[:-KEPT]:
            self.wrong += wrong_lines([self.world.store.home.run_folder(run_id) / "run.log"])
            self.world.store.delete(run_id)
            self.deleted.add(run_id)

    def look(self) -> None:
        """Read the status of every run that had not ended yet."""
        now = {
            run_id: self.world.row(run_id)["status"]
            for run_id in self.submitted
            if run_id not in self.ended
        }
        self.waiting = sum(status == "queued" for status in now.values())
        self.ended |= {run_id: status for run_id, status in now.items() if is_done(status)}

    def has_ended(self) -> bool:
        """Read the status of the runs; return whether all of them have ended."""
        self.look()
        return len(self.ended) == len(self.submitted)

    def finished(self) -> list[str]:
        """Return the finished runs that are still there, oldest first."""
        return [
            run_id
            for run_id, status in self.ended.items()
            if status == "finished" and run_id not in self.deleted
        ]

    def counts(self) -> dict[str, int]:
        """Return how many runs ended how; what never ended counts as lost."""
        counts = Counter(self.ended.values())
        counts["lost"] += len(self.submitted) - len(self.ended)
        return {"submitted": len(self.submitted)} | {
            name: counts[name] for name in ("finished", "failed", "lost", "stopped", "paused")
        }


def main() -> int:
    """Return 0 when memory stayed, no page and no log showed an error, and every run finished."""
    arguments = _parser().parse_args()
    # ended from outside, it still ends what it started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="rft-soak-") as scratch:
        world = World(arguments.home or Path(scratch))
        try:
            port = serve(world)
            feeder, visits = Feeder(world), Visits()
            readings: list[Reading] = []
            queue: list[dict] = []
            asyncio.run(_soak(arguments, port, feeder, visits, readings, queue))
            world.until(feeder.has_ended, DRAIN_SECONDS)
            logs = [
                world.root / "server.log",
                world.store.home.worker_log,
                *sorted(world.store.home.runs.glob("*/run.log")),
            ]
            wrong = feeder.wrong + wrong_lines(logs)
        finally:
            end(world)
    return _tell(arguments, feeder, visits, readings, queue, wrong)


async def _soak(
    arguments: argparse.Namespace,
    port: int,
    feeder: Feeder,
    visits: Visits,
    readings: list[Reading],
    queue: list[dict],
) -> None:
    started = time.monotonic()
    until = started + 60 * arguments.minutes
    draws = [random.Random(number) for number in range(arguments.clients)]
    visitors = [_visit(port, visits, feeder, draw, until) for draw in draws]
    await asyncio.gather(
        _feed(feeder, until), _watch(feeder, readings, queue, started, until), *visitors
    )


async def _feed(feeder: Feeder, until: float) -> None:
    while time.monotonic() < until:
        await asyncio.to_thread(feeder.feed)
        await asyncio.sleep(FEED_SECONDS)


async def _watch(
    feeder: Feeder, readings: list[Reading], queue: list[dict], started: float, until: float
) -> None:
    while time.monotonic() < until:
        moment = time.monotonic() - started
        readings += await asyncio.to_thread(read_processes, feeder.world, moment)
        queue.append({"moment": moment, "waiting": feeder.waiting, "ended": len(feeder.ended)})
        await asyncio.sleep(READ_SECONDS)


async def _visit(
    port: int, visits: Visits, feeder: Feeder, draw: random.Random, until: float
) -> None:
    """Open a session, look at pages every 5 to 15 s, close it after a few minutes, begin anew."""
    while time.monotonic() < until:
        visitor = Visitor(port, visits)
        leaves = min(until, time.monotonic() + draw.uniform(*STAY_SECONDS))
        if await visitor.open(*_place(feeder, draw)):
            while time.monotonic() < leaves:
                await asyncio.sleep(draw.uniform(*LOOK_SECONDS))
                await (
                    visitor.rerun() if draw.random() < 0.5 else visitor.go(*_place(feeder, draw))
                )
        await visitor.close()


def _place(feeder: Feeder, draw: random.Random) -> tuple[str, str]:
    """Choose a page, and runs for it that will not be deleted while it is looked at."""
    recent, finished = feeder.submitted[-10:], feeder.finished()[-KEPT // 2 :]
    page = draw.choice(("", "train", "runs", "runs", "compare", "evaluate"))
    if page == "runs" and recent:
        return page, f"run={draw.choice(recent)}"
    if page == "evaluate" and finished:
        return page, f"run={draw.choice(finished)}"
    if page == "compare" and len(finished) >= len(PRESETS):
        return page, f"runs={','.join(draw.sample(finished, len(PRESETS)))}"
    return page, ""


def _tell(
    arguments: argparse.Namespace,
    feeder: Feeder,
    visits: Visits,
    readings: list[Reading],
    queue: list[dict],
    wrong: list[str],
) -> int:
    processes, pages, counts = (
        growth(readings, 60 * arguments.minutes),
        page_rows(visits),
        feeder.counts(),
    )
    print_rows("process (MB)", processes)
    print_rows("page (seconds)", pages)
    print_rows("runs", {"": counts})
    unfinished = [
        f"run {run_id}: {feeder.ended.get(run_id, 'never ended')}"
        for run_id in feeder.submitted
        if feeder.ended.get(run_id) != "finished"
    ]
    complaints = (
        memory_complaints(processes, readings)
        + [f"page {error}" for error in visits.errors]
        + wrong
        + unfinished
    )
    if not all(entry["waiting"] for entry in queue[1:]):
        print("the queue ran empty at times; longer runs would keep it full")
    print(*complaints or ["nothing went wrong"], sep="\n")
    measured = {
        "processes": processes,
        "pages": pages,
        "runs": counts,
        "complaints": complaints,
        "queue": queue,
    }
    write_json(
        arguments.json,
        measured
        | {
            "minutes": arguments.minutes,
            "clients": arguments.clients,
            "readings": [asdict(reading) for reading in readings],
        },
    )
    return 1 if complaints else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.stress.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=20, help="sessions that look at pages")
    parser.add_argument(
        "--home", type=Path, help="an empty folder: keep the home there, to look at it afterwards"
    )
    parser.add_argument("--json", type=Path, help="write all that was measured here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
