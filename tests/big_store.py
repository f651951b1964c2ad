"""A store as it is after a semester: python -m tests.big_store FOLDER [RUNS] [EVALUATIONS]  fills
FOLDER, to be given as RFT_HOME.

Its runs are shaped like real ones (specs, reports, training and evaluation events), but nothing was
trained: it is for timing pages and queries, and for nothing else. Every name says so.
"""

import random
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import update

from rft_core.files.home import Home, find_home
from rft_core.metrics.curve import RobustnessCurve
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import RunSpec, epsilon_grid, with_settings
from rft_core.store.events import Event, append_events
from rft_core.store.run_store import RunStore
from rft_core.store.schema import runs

RUNS, EVALUATIONS, TRAIN_EVENTS, STEPS_BETWEEN = 500, 200, 400, 10
SCHEDULES, STRATEGIES = (
    ("constant", "two_hinge", "linear", "cosine"),
    ("full_finetune", "lora", "bitfit"),
)
DATASETS, TAGS = ("blooms_hard", "blooms_medium", "digits"), ("thesis", "draft", "course")
# one in ten did not end well
STATUSES = ("finished",) * 36 + ("failed", "paused", "lost", "stopped")


def fill(home: Home, count: int = RUNS, evaluations: int = EVALUATIONS) -> RunStore:
    """Fill `home` with `count` runs of `evaluations` measurements each; return its store."""
    store, stream = RunStore(home), random.Random(0)
    for place in range(count):
        spec = made_spec(place, stream)
        run_id = store.submit(spec)
        append_events(store.engine, run_id, made_events(spec, evaluations, stream))
        status = stream.choice(STATUSES)
        last = evaluations * STEPS_BETWEEN
        report = (
            made_report(run_id, spec, last, stream) if status in ("finished", "stopped") else None
        )
        store.claim(("cpu",), run_id)
        store.finish(run_id, status, "" if status == "finished" else "made up for timing", report)
        values = {
            "step": last,
            "total_steps": last,
            "created": time.time() - 3600.0 * (count - place),
            "heartbeat": time.time(),
        }
        with store.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))
    return store


def made_spec(place: int, stream: random.Random) -> RunSpec:
    """The spec of one run: names, tags and the settings that filters look at differ."""
    changes: dict[str, Any] = {
        "name": f"made-up run {place}",
        "notes": f"Made up for timing. Group {place % 7}.",
        "tags": stream.sample(TAGS, stream.randrange(3)),
        "seed": place,
        "schedule.kind": stream.choice(SCHEDULES),
        "strategy.kind": stream.choice(STRATEGIES),
        "data.dataset": stream.choice(DATASETS),
        "evaluation.tracking": EVALUATIONS,
    }
    return with_settings(preset("scheduled"), changes)


def curve(spec: RunSpec, clean: float, points: int | None = None) -> RobustnessCurve:
    """A falling robustness curve from `clean` to a fifth of it."""
    grid = epsilon_grid(spec)
    grid = (
        grid
        if points is None
        else tuple(grid[round(place * (len(grid) - 1) / (points - 1))] for place in range(points))
    )
    return RobustnessCurve.from_points(
        [{"epsilon": one, "accuracy": clean * (1 - 0.8 * one / grid[-1]), "n": 256} for one in grid]
    )


def made_events(spec: RunSpec, evaluations: int, stream: random.Random) -> list[Event]:
    """Measurements every ten steps, and training events between them."""
    rows: list[Event] = []
    total = evaluations * STEPS_BETWEEN
    for place in range(evaluations):
        measured = curve(
            spec, min(0.9, 0.05 + place / evaluations + 0.02 * stream.random()), points=5
        )
        payload = {
            "curve": measured.points(),
            "expected_robustness": measured.expected_robustness,
            "gradient_evaluations": 1000 * place,
            "images_digest": "0" * 64,
        }
        rows.append(Event(0, place * STEPS_BETWEEN, place / 10, 2.0 * place, "eval", payload))
    for place in range(TRAIN_EVENTS):
        payload = {
            "loss": 2.0 * stream.random(),
            "epsilon": spec.threat.epsilon * place / TRAIN_EVENTS,
            "learning_rate": 1e-3,
            "images_per_second": 300.0,
        }
        rows.append(
            Event(0, place * total // TRAIN_EVENTS, place / 20, 1.0 * place, "train", payload)
        )
    rows.sort(key=lambda one: one.wall_time)
    return [
        Event(place + 1, one.step, one.epoch, one.wall_time, one.kind, one.payload)
        for place, one in enumerate(rows)
    ]


def made_report(run_id: str, spec: RunSpec, last: int, stream: random.Random) -> dict[str, Any]:
    """A report with the parts that pages read, and a parameter map of the usual length."""
    final = curve(spec, 0.3 + 0.5 * stream.random())
    return {
        "run_id": run_id,
        "status": "finished",
        "seconds": 60.0,
        "images_per_second": 300.0,
        "clean_accuracy": final.clean_accuracy,
        "robust_accuracy": final.accuracies[-1],
        "expected_robustness": final.expected_robustness,
        "onset": {"step": 30, "epoch": 0.3, "accuracy": 0.2, "threshold": 0.07},
        "curve": final.points(),
        "trainable_parameters": 300_000,
        "total_parameters": 400_000,
        "images_digest": "0" * 64,
        "gradient_evaluations": 160_000,
        "hypervolume": 0.1,
        "transfer_failure": False,
        "machine": {
            "device": "cpu",
            "device_name": "CPU",
            "threads": 2,
            "precision": "float32",
            "torch": "2.15.0",
            "classes": 48,
        },
        "parameter_map": [
            {"module": f"stages.{place}", "trainable": 1000, "total": 1000} for place in range(20)
        ],
        "shifts": None,
    }


if __name__ == "__main__":
    fill(find_home(Path(sys.argv[1])), *(int(one) for one in sys.argv[2:4]))
