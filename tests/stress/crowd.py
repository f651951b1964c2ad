"""python -m tests.stress.crowd: many sessions watch one run while others launch from the Train
page's form; exits 1 when a page fails, a run is lost or the queue is not kept.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import Row, select

from rft_core import preset
from rft_core.spec.links import link_items
from rft_core.store.schema import runs
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

LOOK_SECONDS, BASELINE_LOOKS = (5.0, 15.0), 10
# without a visitor, for the speed of training alone
ALONE_SECONDS = 20.0
# until the visitors before are gone
SETTLE_SECONDS = 3.0
DRAIN_SECONDS = 600.0
LAUNCHED_EPOCHS = 2


class Crowd:
    """A dashboard with one long run at work, and what was measured on it."""

    def __init__(self, world: World, port: int, seconds: float):
        self.world, self.port, self.seconds = world, port, seconds
        self.finished = [world.store.submit(small_spec(name)) for name in PRESETS]
        self._wait_until_done(self.finished)
        self.watched = self._start_watched()
        self.alone, self.together = Visits(), Visits()
        self.launched: list[str] = []
        self.images_per_second: dict[str, float] = {}

    def _start_watched(self) -> str:
        """Start a run that lasts longer than all that is measured beside it; it
        is stopped in the end.
        """
        report = self.world.store.get(self.finished[PRESETS.index("fixed")]).report
        assert report is not None
        spec = small_spec("fixed")
        # the machine may be quicker than it was when that run was measured
        wanted = 4 * (ALONE_SECONDS + self.seconds + 60) * report["images_per_second"]
        run_id = self.world.store.submit(
            small_spec(
                "fixed", name="watched", optim__epochs=int(wanted / spec.data.train_size) + 1
            )
        )
        if not self.world.until(lambda: self.world.row(run_id)["step"], DRAIN_SECONDS):
            raise RuntimeError(
                f"run {run_id} does not begin; its log is in"
                f" {self.world.store.home.run_folder(run_id)}"
            )
        return run_id

    def measure(self, watchers: int, launchers: int, drain: float) -> None:
        """Alone, then one visitor, then the crowd; at last the watched run is stopped
        and the queue drains.
        """
        asyncio.run(self._timed("no visitor", asyncio.sleep(ALONE_SECONDS)))
        asyncio.run(self._timed("one visitor", self._baseline()))
        asyncio.run(self._timed("crowd", self._gather(watchers, launchers)))
        self.world.store.request(self.watched, "stop")
        self._wait_until_done([self.watched, *self.launched], drain)

    def _wait_until_done(self, run_ids: Sequence[str], seconds: float = DRAIN_SECONDS) -> None:
        self.world.until(
            lambda: all(is_done(self.world.row(run_id)["status"]) for run_id in run_ids), seconds
        )

    async def _timed(self, name: str, task) -> None:
        """Await `task`; keep how many images a second the watched run trains on meanwhile, its
        evaluations while training included.
        """
        await asyncio.sleep(SETTLE_SECONDS)
        first = self._progress()
        await task
        last = self._progress()
        self.images_per_second[name] = (
            (last[0] - first[0])
            * small_spec("fixed").optim.batch_size
            / max(last[1] - first[1], 1e-9)
        )

    def _progress(self) -> tuple[int, float]:
        row = self.world.row(self.watched)
        return row["step"], row["heartbeat"]

    def places(self) -> tuple[tuple[str, str], ...]:
        """Return what is watched: the run at work, the comparison with it, the story."""
        return (
            ("runs", f"run={self.watched}"),
            ("compare", f"runs={','.join([*self.finished, self.watched])}"),
            ("", ""),
        )

    async def _baseline(self) -> None:
        for place in self.places():
            visitor = Visitor(self.port, self.alone)
            if await visitor.open(*place):
                for _ in range(BASELINE_LOOKS):
                    await asyncio.sleep(1)
                    await visitor.rerun()
            await visitor.close()
        await self._launch(self.alone, len(self.launched))

    async def _gather(self, watchers: int, launchers: int) -> None:
        until = time.monotonic() + self.seconds
        places = self.places()
        watching = [
            self._watch(places[number % len(places)], random.Random(number), until)
            for number in range(watchers)
        ]
        launching = [
            self._launch(self.together, 1 + number, self.seconds * number / launchers)
            for number in range(launchers)
        ]
        await asyncio.gather(*watching, *launching)

    async def _watch(self, place: tuple[str, str], draw: random.Random, until: float) -> None:
        """Stay on one page, have it drawn anew every 5 to 15 s; its own timers go on in between."""
        visitor = Visitor(self.port, self.together)
        if await visitor.open(*place):
            while time.monotonic() < until:
                await asyncio.sleep(draw.uniform(*LOOK_SECONDS))
                await visitor.rerun()
        await visitor.close()

    async def _launch(self, visits: Visits, number: int, after: float = 0.0) -> None:
        """Open Train with a small run in its address, press its button, and see the run on Runs."""
        await asyncio.sleep(after)
        name = PRESETS[number % len(PRESETS)]
        spec = small_spec(name, optim__epochs=LAUNCHED_EPOCHS)
        # the number of threads is not on the form
        items = [item for item in link_items(spec, preset(name)) if not item.startswith("runtime.")]
        visitor = Visitor(self.port, visits)
        if await visitor.open(
            "train", urlencode({"preset": name, "seed": number, "set": items}, doseq=True)
        ) and await visitor.press("Launch run"):
            if visitor.page == "runs" and (run_id := visitor.parameter("run")) not in (
                *self.launched,
                self.watched,
            ):
                self.launched.append(run_id)
            else:
                visits.errors.append(
                    f"launch {number}: ended on {visitor.page or 'story'} with ?{visitor.query}"
                )
        await visitor.close()


def check_queue(rows: Sequence[Row]) -> list[str]:
    """Say which runs were not started in the order they were submitted, and which two were at work
    on one device at once.

    Each row has run_id, number (the order of submission), device, started and ended
    (seconds); all were started.
    """
    complaints = []
    by_start = sorted(rows, key=lambda row: row.started)
    for earlier, later in zip(by_start, by_start[1:]):
        if later.number < earlier.number:
            complaints.append(
                f"run {later.run_id} was submitted before {earlier.run_id} and started after it"
            )
    for device in dict.fromkeys(row.device for row in by_start):
        own = [row for row in by_start if row.device == device]
        complaints += [
            f"runs {earlier.run_id} and {later.run_id} were at work on {device} at once"
            for earlier, later in zip(own, own[1:])
            if later.started < earlier.ended
        ]
    return complaints


def main() -> int:
    """Return 0 when every page came, every launched run finished, and the queue was kept."""
    arguments = _parser().parse_args()
    # ended from outside, it still ends what it started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="rft-crowd-") as scratch:
        world = World(arguments.home or Path(scratch))
        try:
            crowd = Crowd(world, serve(world), arguments.seconds)
            crowd.measure(arguments.watchers, arguments.launchers, arguments.drain)
            complaints = _complaints(crowd, arguments.launchers)
        finally:
            end(world)
    return _tell(arguments, crowd, complaints)


def _complaints(crowd: Crowd, launchers: int) -> list[str]:
    """Return all that is wrong with pages, logs, runs and queue."""
    store = crowd.world.store
    with store.engine.connect() as connection:
        rows = connection.execute(
            select(
                runs.c.run_id,
                runs.c.number,
                runs.c.status,
                runs.c.device,
                runs.c.started,
                runs.c.ended,
            )
        ).all()
    complaints = [f"page {error}" for error in crowd.alone.errors + crowd.together.errors]
    complaints += wrong_lines(
        [
            crowd.world.root / "server.log",
            store.home.worker_log,
            *sorted(store.home.runs.glob("*/run.log")),
        ]
    )
    complaints += [
        f"run {row.run_id}: {row.status}"
        for row in rows
        if row.status != ("stopped" if row.run_id == crowd.watched else "finished")
    ]
    wanted = 1 + launchers
    if len(crowd.launched) != wanted or len(rows) != len(crowd.finished) + 1 + wanted:
        complaints.append(
            f"{wanted} launches made {len(crowd.launched)} runs known to their visitors, and"
            f" {len(rows)} in the store"
        )
    return complaints + check_queue([row for row in rows if row.started and row.ended])


def _tell(arguments: argparse.Namespace, crowd: Crowd, complaints: list[str]) -> int:
    alone, together = page_rows(crowd.alone), page_rows(crowd.together)
    print_rows("page, one visitor (seconds)", alone)
    print_rows(
        f"page, {arguments.watchers} watch and {arguments.launchers} launch (seconds)", together
    )
    print_rows("training", {"images per second": crowd.images_per_second})
    print(*complaints or ["nothing went wrong"], sep="\n")
    answer = {
        "watchers": arguments.watchers,
        "launchers": arguments.launchers,
        "seconds": arguments.seconds,
        "alone": alone,
        "together": together,
    }
    write_json(
        arguments.json,
        answer | {"images_per_second": crowd.images_per_second, "complaints": complaints},
    )
    return 1 if complaints else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.stress.crowd", description=__doc__)
    parser.add_argument(
        "--watchers", type=int, default=50, help="sessions on Runs, Compare and Story"
    )
    parser.add_argument(
        "--launchers",
        type=int,
        default=10,
        help="sessions that launch a run each, spread over the time",
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="how long the crowd stays")
    parser.add_argument(
        "--drain",
        type=float,
        default=DRAIN_SECONDS,
        help="how long the launched runs may take, in seconds, before they count as lost",
    )
    parser.add_argument(
        "--home", type=Path, help="an empty folder: keep the home there, to look at it afterwards"
    )
    parser.add_argument("--json", type=Path, help="write all that was measured here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
