"""A real dashboard with its worker in a scratch home, small runs for it, and the tables of
what was measured on it.
"""

import http.client
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from rft_core import RunSpec, preset, with_settings
from rft_core.store.status import ACTIVE
from tests.stress.visitor import Visits
from tests.stress.world import World

PRESETS = ("standard", "fixed", "scheduled")
# about eight seconds on one core of a desktop CPU
SMALL = (
    ("data.dataset", "digits"),
    ("data.train_size", 400),
    ("data.eval_size", 100),
    ("data.image_size", 16),
    ("model.backbone", "bloom_resnet"),
    ("optim.epochs", 8),
    ("optim.batch_size", 64),
    ("attack.steps", 2),
    ("evaluation.steps", 3),
    ("evaluation.tracking", 4),
    ("evaluation.eval_size", 64),
    # leaves the other cores to the dashboard and to whoever measures
    ("runtime.threads", 1),
)
WRONG = re.compile(r"Traceback|\bERROR\b|\bCRITICAL\b|\w*Exception\b")
START_SECONDS = 120.0


def small_spec(start: str, /, **changes: object) -> RunSpec:
    """Return a preset on 400 digits; `changes` are dotted settings with __ for the dot."""
    return with_settings(
        preset(start),
        dict(SMALL) | {setting.replace("__", "."): value for setting, value in changes.items()},
    )


def serve(world: World) -> int:
    """Start the dashboard, which starts the worker; return the port once it answers."""
    port = world.start_server()

    def answers() -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except OSError:
            return False

    if not world.until(answers, START_SECONDS):
        raise RuntimeError(
            f"the dashboard did not answer within {START_SECONDS:.0f} s;"
            f" {world.root / 'server.log'} says why"
        )
    return port


def end(world: World) -> None:
    """End the dashboard, its worker and whatever they started."""
    for pid in world.processes():
        world.kill(pid)
    world.close()


def is_done(status: str) -> bool:
    """Return whether a run neither waits nor works."""
    return status != "queued" and status not in ACTIVE


def wrong_lines(logs: Iterable[Path], most: int = 50) -> list[str]:
    """Return the lines of logs that name an error, with their file; `most` at most."""
    found = []
    for path in logs:
        if path.is_file():
            found += [
                f"{path.name}: {line.strip()}"
                for line in path.read_text(errors="replace").splitlines()
                if WRONG.search(line)
            ]
    return found[:most]


def page_rows(visits: Visits) -> dict[str, dict[str, float]]:
    """Return count, median, 95th percentile and maximum (seconds) for each kind of page."""
    return {name: spread(seconds) for name, seconds in sorted(visits.seconds.items())}


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return count, median, 95th percentile (linear between neighbours) and maximum."""
    return {
        "count": len(seconds),
        "p50": median(seconds),
        "p95": float(np.percentile(seconds, 95)),
        "max": max(seconds),
    }


def print_rows(title: str, rows: Mapping[str, Mapping[str, object]]) -> None:
    """Print one row a name, one column a key of the first row."""
    columns = list(next(iter(rows.values()), {}))
    table = [
        [title, *columns],
        *([name, *(_cell(row.get(column)) for column in columns)] for name, row in rows.items()),
    ]
    widths = [max(len(line[place]) for line in table) for place in range(len(columns) + 1)]
    for line in table:
        print(
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:])),
            sep="  ",
        )
    print()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
    return "–" if value is None else str(value)


def write_json(path: Path | None, answer: dict) -> None:
    """Write all that was measured, where a file was named."""
    if path is not None:
        path.write_text(json.dumps(answer, indent=1))
