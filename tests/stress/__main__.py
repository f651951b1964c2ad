"""python -m tests.stress: inject every fault many times and print one table; exits 1 unless nothing
was lost, doubled or left.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.stress.checks import Seen, Tally
from tests.stress.faults import SMALL_DISK, Fault, faults, inject, reference_runs
from tests.stress.world import World, small_disk

# kills are cheap and their moment matters; the other faults have no moment, or take their time
KILLS = ("kill -9 of a run", "kill -9 at random over a queue")
LOCKED_SECONDS = 60.0


def main() -> int:
    """Return 0 when every column but the first is zero for every fault."""
    arguments = _parser().parse_args()
    # ended from outside, it still ends what it started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="rft-stress-") as scratch:
        world = World(arguments.home or Path(scratch), arguments.seed)
        try:
            tallies = _inject_all(world, arguments)
        finally:
            left = world.close()
    print_table(tallies)
    return 0 if not left and tallies and all(tally.is_clean for tally in tallies.values()) else 1


def _inject_all(world: World, arguments: argparse.Namespace) -> dict[str, Tally]:
    references, tallies = reference_runs(world), {}
    for name, fault in faults(arguments.locked).items():
        if arguments.only not in name:
            continue
        started = time.monotonic()
        times = times_of(name, arguments.times)
        tally = (
            _inject_on_small_disk(world, fault, times, references)
            if name == SMALL_DISK
            else inject(world, fault, times, references)
        )
        if tally is None:
            print(
                f"{name}: not injected, a small disk could not be mounted (that takes root on"
                " Linux)",
                file=sys.stderr,
                flush=True,
            )
            continue
        tallies[name] = tally
        print(
            f"{name}: {time.monotonic() - started:.0f} s",
            *tallies[name].complaints,
            sep="\n  ",
            file=sys.stderr,
            flush=True,
        )
    return tallies


def _inject_on_small_disk(
    world: World, fault: Fault, times: int, references: dict[int, Seen]
) -> Tally | None:
    """Inject a fault in a home on a small disk of its own; None where there can be none."""
    with (
        tempfile.TemporaryDirectory(prefix="rft-stress-") as folder,
        small_disk(Path(folder)) as root,
    ):
        if root is None:
            return None
        small = World(root, world.random.randrange(1000))
        try:
            return inject(small, fault, times, references)
        finally:
            small.close()


def times_of(name: str, times: int) -> int:
    """Return how often a fault is injected: `times` for kills of runs, a twentieth of it, at least
    2, for the others; a locked store once.
    """
    if name in KILLS:
        return times
    return 1 if "locked" in name else max(2, times // 20)


def print_table(tallies: dict[str, Tally]) -> None:
    """Print one row a fault, one column a count."""
    columns = list(Tally().counts)
    width = max((len(name) for name in tallies), default=0)
    print(" " * width, *(name.replace("_", " ") for name in columns), sep="  ")
    for name, tally in tallies.items():
        print(
            name.ljust(width),
            *(str(count).rjust(len(column)) for column, count in tally.counts.items()),
            sep="  ",
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument(
        "--times",
        type=int,
        default=100,
        help="kills of a run; other faults are injected a twentieth of it",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides the moments and the victims")
    parser.add_argument("--only", default="", help="only faults whose name has this in it")
    parser.add_argument("--home", type=Path, help="keep the home here, to look at it afterwards")
    parser.add_argument(
        "--locked", type=float, default=LOCKED_SECONDS, help="seconds for which the store is locked"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
