"""How long Compare takes to open: 20 runs with 200 evaluations each, beside 480 other runs.

    python -m docs.studies.compare_speed FOLDER

fills a store in the new FOLDER with runs of drawn numbers (which say nothing about any method) and
prints the seconds of each stage, wall clock and CPU. Then `RFT_HOME=FOLDER python -m rft_core app`
and the printed address show the same page.
"""

import sys
import time
from pathlib import Path

import numpy as np

from rft_core.files.home import find_home
from rft_core.files.run_files import VERDICTS
from rft_core.metrics.curve import RobustnessCurve
from rft_core.report.comparison.pairs import pair_runs
from rft_core.report.comparison.pareto_plane import pareto_figure
from rft_core.report.comparison.robustness_figure import curves_figure
from rft_core.report.comparison.rows import difference_rows, number_rows
from rft_core.report.comparison.tracking_figure import accuracy_panels
from rft_core.report.comparison.view import View, assemble, pareto_rows, with_pairs
from rft_core.report.run.history import MEASURED_KINDS, build_history
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import RunSpec, epsilon_grid, with_settings
from rft_core.store.events import Event, append_events, read_events
from rft_core.store.run_store import RunStore

RUNS, OTHERS, EVALUATIONS, TRAIN_EVENTS, IMAGES = 20, 480, 200, 1000, 1000
KINDS = ("constant", "two_hinge", "linear", "cosine", "step")


class Laps:
    """Prints the wall and CPU milliseconds since the lap before."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def lap(self, name: str) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        print(
            f"{name:40s} {1000 * (wall - self.wall):7.0f} ms {1000 * (cpu - self.cpu):7.0f} ms CPU"
        )
        self.wall, self.cpu = time.perf_counter(), time.process_time()


def fill(store: RunStore, number: int, watched: bool, draw: np.random.Generator) -> str:
    """Store one run of drawn numbers; a watched one also has events and verdicts."""
    spec = with_settings(
        preset("scheduled"),
        {
            "name": f"run {number}",
            "seed": number % 4,
            "schedule.kind": KINDS[number // 4 % len(KINDS)],
        },
    )
    run_id, grid = store.submit(spec), epsilon_grid(spec)
    verdicts = draw.random((IMAGES, 1)) < np.linspace(0.9, draw.uniform(0.1, 0.6), len(grid))
    curve = RobustnessCurve.from_verdicts(grid, verdicts)
    if watched:
        np.savez_compressed(
            store.folder(run_id) / VERDICTS, epsilons=np.array(grid), verdicts=verdicts
        )
        append_events(store.engine, run_id, events(spec, draw))
    report = {
        "status": "finished",
        "seconds": 30.0,
        "clean_accuracy": curve.clean_accuracy,
        "robust_accuracy": curve.accuracies[-1],
    }
    report |= {
        "expected_robustness": curve.expected_robustness,
        "onset": None,
        "curve": curve.points(),
        "images_digest": "same",
        "gradient_evaluations": 1000,
    }
    store.finish(run_id, "finished", report=report)
    return run_id


def events(spec: RunSpec, draw: np.random.Generator) -> list[Event]:
    """Return the events of a run that was measured 200 times."""
    rows, pace = [], TRAIN_EVENTS // EVALUATIONS
    training = {"loss": 1.0, "epsilon": 0.01, "learning_rate": 0.001, "images_per_second": 500.0}
    for place in range(EVALUATIONS):
        counts = sorted(draw.integers(0, 400, 5).tolist(), reverse=True)
        curve = RobustnessCurve(epsilon_grid(spec)[::2], tuple(counts), 400)
        payload = {
            "curve": curve.points(),
            "expected_robustness": curve.expected_robustness,
            "gradient_evaluations": 1000 * place,
        }
        rows.append(Event(len(rows) + 1, place * pace, place / 4, float(place), "eval", payload))
        rows += [
            Event(
                len(rows) + 1 + one, place * pace + one, place / 4, float(place), "train", training
            )
            for one in range(pace)
        ]
    return rows


def measure(store: RunStore, run_ids: list[str], view: View) -> None:
    """Do what the page does on its first visit, and time each stage."""
    laps = Laps()
    store.records(limit=RUNS + OTHERS)
    laps.lap("the list of runs to choose from")
    records = [store.get(run_id) for run_id in run_ids]
    histories = [
        build_history(read_events(store.engine, run_id, kinds=MEASURED_KINDS)) for run_id in run_ids
    ]
    laps.lap("evaluations read")
    content = assemble(records, histories, view)
    figures = [
        accuracy_panels(content.lines, view.panels, view.axis, key="a"),
        curves_figure(content.lines, key="b", height=400),
    ]
    laps.lap("accuracy and curves drawn")
    content = with_pairs(content, pair_runs(records, store.home.runs))
    rows = number_rows(content), difference_rows(content)
    laps.lap(f"{len(content.pairs)} differences with their intervals")
    pareto_rows(content, store.home.runs)
    figures.append(pareto_figure(content.lines, target=content.target, key="c"))
    laps.lap("Pareto plane with its intervals")
    sizes = [len(figure.to_json()) for figure in figures]
    laps.lap(f"figures as JSON, {sum(sizes) / 1024:.0f} KB")
    assert len(rows[0]) == RUNS


def main(folder: Path) -> None:
    """Fill a store in `folder`, then time the page's work alone and in groups."""
    store, draw = RunStore(find_home(folder)), np.random.default_rng(0)
    for number in range(OTHERS):
        fill(store, number, False, draw)
    run_ids = [fill(store, number, True, draw) for number in range(RUNS)]
    for group in ("", "schedule.kind"):
        print(f"\n{RUNS} runs" + (f", grouped by {group}" if group else ""))
        measure(store, run_ids, View(group=group))
    print(f"\nhttp://127.0.0.1:8501/compare?runs={','.join(run_ids)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
