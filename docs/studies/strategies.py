"""Seven strategies at fixed and at scheduled epsilon: bloom_vit on blooms_medium, 4/255.

    python -m docs.studies.strategies tune FOLDER      three learning rates each, seed 100, about 25
    minutes on two cores
    python -m docs.studies.strategies final FOLDER     the best of each on validation
    images, seeds 0, 1, 2
    python -m docs.studies.strategies table FOLDER     a table for docs/log

Each run is one JSON file in FOLDER, and a run whose file is there is not made again. `SHARD=0/2`
and `SHARD=1/2` in the environment share the runs between two processes.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from rft_core.metrics.pareto import hypervolume
from rft_core.metrics.significance import mean_interval
from rft_core.spec.catalog import STRATEGIES
from rft_core.spec.run_spec import RunSpec, parse

SCHEDULES = ("constant", "two_hinge")
NAMES = tuple(row.name for row in STRATEGIES)
TUNING_SEED, SEEDS = 100, (0, 1, 2)


def learning_rates(strategy: str) -> tuple[float, ...]:
    """Return the three learning rates tried: small weights on a frozen
    backbone want larger ones.
    """
    return (3e-4, 1e-3, 3e-3) if strategy == "full_finetune" else (2e-3, 6e-3, 2e-2)


def spec(strategy: str, schedule: str, learning_rate: float, seed: int) -> RunSpec:
    """Return one run of the study."""
    decay = 1e-2 if strategy == "full_finetune" else 0.0
    return parse(
        {
            "seed": seed,
            "data": {"dataset": "blooms_medium"},
            "model": {"backbone": "bloom_vit"},
            "strategy": {"kind": strategy},
            "threat": {"epsilon": "4/255"},
            "schedule": {"kind": schedule},
            "optim": {"epochs": 10, "learning_rate": learning_rate, "weight_decay": decay},
            "evaluation": {"tracking": 8, "eval_size": 240, "examples": 0},
            "runtime": {"threads": 1, "device": "cpu"},
        }
    )


def path_of(folder: Path, strategy: str, schedule: str, learning_rate: float, seed: int) -> Path:
    """Return the file of one run."""
    return folder / f"{strategy}-{schedule}-{learning_rate:g}-{seed}.json"


def make(folder: Path, jobs: list[tuple[str, str, float, int]]) -> None:
    """Make the runs that are not there yet."""
    shard, shards = map(int, os.environ.get("SHARD", "0/1").split("/"))
    for job in jobs[shard::shards]:
        if path_of(folder, *job).exists():
            continue
        with tempfile.TemporaryDirectory() as place:
            reporter = FolderReporter(Path(place))
            report = execute(spec(*job), reporter).as_dict()
        report["tracked"] = [event for event in reporter.events if event["kind"] == "eval"]
        path_of(folder, *job).write_text(json.dumps(report))
        print(*job, report["expected_robustness"], flush=True)


def best(folder: Path, strategy: str, schedule: str) -> float:
    """Return the learning rate with the highest expected robustness on the validation images at
    the end of training.
    """

    def score(rate: float) -> float:
        return json.loads(path_of(folder, strategy, schedule, rate, TUNING_SEED).read_text())[
            "tracked"
        ][-1]["expected_robustness"]

    return max(learning_rates(strategy), key=lambda rate: (score(rate), rate))


def table(folder: Path) -> None:
    """Print one row a strategy and schedule: percent, mean over seeds and half of
    its 95 % t interval.
    """
    for strategy in NAMES:
        for schedule in SCHEDULES:
            rate = best(folder, strategy, schedule)
            reports = [
                json.loads(path_of(folder, strategy, schedule, rate, seed).read_text())
                for seed in SEEDS
            ]
            areas = [
                hypervolume(
                    np.array(
                        [
                            [one["curve"][0]["accuracy"], one["curve"][-1]["accuracy"]]
                            for one in report["tracked"]
                        ]
                    )
                )
                for report in reports
            ]
            onsets = ", ".join(
                "never" if report["onset"] is None else f"{report['onset']['epoch']:.1f}"
                for report in reports
            )
            measured = [
                [report[name] for report in reports]
                for name in ("clean_accuracy", "robust_accuracy", "expected_robustness")
            ]
            cells = " | ".join(_cell(values) for values in measured)
            print(
                f"| {strategy} | {reports[0]['trainable_parameters']:,} | {schedule} | {rate:g} |"
                f" {cells} | {onsets} | {_cell(areas)} |"
            )


def _cell(values: list[float]) -> str:
    found = mean_interval(values)
    return f"{100 * found.mean:.1f} ± {100 * (found.high - found.mean):.1f}"


if __name__ == "__main__":
    mode, target = sys.argv[1], Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    pairs = [(strategy, schedule) for strategy in NAMES for schedule in SCHEDULES]
    if mode == "tune":
        make(
            target,
            [
                (*pair, learning_rates(pair[0])[place], TUNING_SEED)
                for place in range(3)
                for pair in pairs
            ],
        )
    elif mode == "final":
        make(target, [(*pair, best(target, *pair), seed) for seed in SEEDS for pair in pairs])
    else:
        table(target)
