"""What the processes of a home take, read again and again, and how much more it is at the end
than after warming up.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import psutil

from tests.stress.world import World

MEGABYTE = 1024**2
WINDOW_SECONDS = 300.0
# these live as long as the dashboard is open, so that what they keep adds up
LASTING = ("server", "worker")
ALLOWED_PERCENT = 5.0


@dataclass(frozen=True)
class Reading:
    """All processes of one kind at one moment: seconds since the start, MB, threads and
    open files; each PID.
    """

    moment: float
    kind: str
    rss: float
    uss: float
    threads: int
    files: int
    pids: tuple[int, ...]


def read_processes(world: World, moment: float) -> list[Reading]:
    """Return one reading a kind: server, worker, forkserver, runs (all of them
    together) and other.
    """
    kinds, found = _kinds(world), defaultdict[str, list[tuple[float, float, int, int, int]]](list)
    for pid, kind in kinds.items():
        try:
            process = psutil.Process(pid)
            memory = process.memory_full_info()
            found[kind].append(
                (
                    memory.rss / MEGABYTE,
                    memory.uss / MEGABYTE,
                    process.num_threads(),
                    process.num_fds(),
                    pid,
                )
            )
        except psutil.Error:
            # it ended meanwhile
            continue
    return [_reading(moment, kind, rows) for kind, rows in found.items()]


def _reading(
    moment: float, kind: str, rows: Sequence[tuple[float, float, int, int, int]]
) -> Reading:
    rss, uss, threads, files, pids = zip(*rows)
    return Reading(moment, kind, sum(rss), sum(uss), sum(threads), sum(files), pids)


def _kinds(world: World) -> dict[int, str]:
    """Name every process of the home; a run is a fork of the forkserver and
    has its command line.
    """
    lines, parents = {}, {}
    for pid in world.processes():
        try:
            process = psutil.Process(pid)
            lines[pid], parents[pid] = " ".join(process.cmdline()), process.ppid()
        except psutil.Error:
            continue
    forked = {pid for pid, line in lines.items() if "multiprocessing.forkserver" in line}

    def kind(pid: int) -> str:
        if pid in forked:
            return "runs" if parents[pid] in forked else "forkserver"
        return (
            "server"
            if world.server is not None and pid == world.server.pid
            else "worker"
            if "rft_core worker" in lines[pid]
            else "other"
        )

    return {pid: kind(pid) for pid in lines}


def windows(seconds: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (begin, end) of the two windows that are compared: five minutes after five of warming
    up, and the last five.

    What lasts less than a quarter of an hour is cut in three: warming up, first
    window, last window.
    """
    width = min(WINDOW_SECONDS, seconds / 3)
    return (width, 2 * width), (seconds - width, seconds)


def growth(readings: Sequence[Reading], seconds: float) -> dict[str, dict[str, float | None]]:
    """Return, for each kind, the median RSS and USS (MB) of both windows, the change of the first
    in percent, and the most there was of everything.
    """
    first, last = windows(seconds)
    rows = {}
    for kind in dict.fromkeys(reading.kind for reading in readings):
        own = [reading for reading in readings if reading.kind == kind]
        early, late = (
            [reading for reading in own if begin <= reading.moment <= end]
            for begin, end in (first, last)
        )
        before, after = _median(early, "rss"), _median(late, "rss")
        rows[kind] = {
            "RSS after warm-up": before,
            "RSS at the end": after,
            "change %": 100 * (after / before - 1) if before and after else None,
            "highest RSS": max(reading.rss for reading in own),
            "USS after warm-up": _median(early, "uss"),
            "USS at the end": _median(late, "uss"),
            "threads": max(reading.threads for reading in own),
            "files": max(reading.files for reading in own),
        }
    return rows


def _median(readings: Sequence[Reading], name: str) -> float | None:
    return median(getattr(reading, name) for reading in readings) if readings else None


def memory_complaints(
    rows: dict[str, dict[str, float | None]], readings: Sequence[Reading]
) -> list[str]:
    """Say which lasting process took more than 5 % more at the end, was not seen in a window, or
    was another one than before.
    """
    complaints = []
    for kind in LASTING:
        change = rows.get(kind, {}).get("change %")
        if change is None:
            complaints.append(f"{kind}: not there in both windows")
        elif change > ALLOWED_PERCENT:
            complaints.append(f"{kind}: {change:.1f} % more memory")
        if len({pid for reading in readings if reading.kind == kind for pid in reading.pids}) > 1:
            complaints.append(f"{kind}: ended and was started again")
    return complaints
