"""Out of distribution: three strategies, standard and scheduled, trained on plain blooms and
measured on six other styles.

    python -m docs.studies.domains tune FOLDER      three learning rates each, seed 100
    python -m docs.studies.domains final FOLDER     the best of each on validation images, seeds 0,
    1, 2, with corruptions
    python -m docs.studies.domains table FOLDER     tables for docs/log

Each run is one JSON file in FOLDER, and a run whose file is there is not made again.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from docs.studies.strategies import learning_rates
from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from rft_core.metrics.shifts import CORRUPTION_GROUPS, mean_accuracy
from rft_core.metrics.significance import mean_interval
from rft_core.spec.presets import NO_PERTURBATION
from rft_core.spec.run_spec import RunSpec, parse

STRATEGIES = ("full_finetune", "linear_probe", "lora")
TRAINING = ("standard", "scheduled")
TUNING_SEED, SEEDS = 100, (0, 1, 2)


def spec(strategy: str, training: str, learning_rate: float, seed: int) -> RunSpec:
    """Return one run of the study; only the final runs are measured on corruptions."""
    return parse(
        {
            "seed": seed,
            "data": {"dataset": "blooms_styles"},
            "model": {"backbone": "bloom_convnext"},
            "strategy": {"kind": strategy},
            "threat": {"epsilon": "4/255"},
            "schedule": {"kind": "two_hinge"} if training == "scheduled" else dict(NO_PERTURBATION),
            "optim": {
                "epochs": 12,
                "learning_rate": learning_rate,
                "weight_decay": 1e-2 if strategy == "full_finetune" else 0.0,
            },
            "evaluation": {
                "tracking": 2,
                "eval_size": 240,
                "examples": 0,
                "corruptions": seed != TUNING_SEED,
            },
            "runtime": {"threads": 1, "device": "cpu"},
        }
    )


def path_of(folder: Path, strategy: str, training: str, learning_rate: float, seed: int) -> Path:
    """Return the file of one run."""
    return folder / f"{strategy}-{training}-{learning_rate:g}-{seed}.json"


def make(folder: Path, jobs: list[tuple[str, str, float, int]]) -> None:
    """Make the runs that are not there yet."""
    for job in jobs:
        if path_of(folder, *job).exists():
            continue
        with tempfile.TemporaryDirectory() as place:
            reporter = FolderReporter(Path(place))
            report = execute(spec(*job), reporter).as_dict()
        report["tracked"] = [event for event in reporter.events if event["kind"] == "eval"]
        path_of(folder, *job).write_text(json.dumps(report))
        print(*job, report["clean_accuracy"], report["shifts"]["domain_mean"], flush=True)


def best(folder: Path, strategy: str, training: str) -> float:
    """Return the learning rate that is best on in-domain validation images at the end: by clean
    accuracy for standard training, by expected robustness for scheduled.
    """

    def score(rate: float) -> float:
        last = json.loads(path_of(folder, strategy, training, rate, TUNING_SEED).read_text())[
            "tracked"
        ][-1]
        return (
            last["curve"][0]["accuracy"] if training == "standard" else last["expected_robustness"]
        )

    return max(learning_rates(strategy), key=lambda rate: (score(rate), rate))


def table(folder: Path) -> None:
    """Print accuracies, then other domains, then groups of corruptions: percent, mean over seeds
    and half of its 95 % t interval.
    """
    found = {pair: [_report(folder, *pair, seed) for seed in SEEDS] for pair in ARMS}
    for (strategy, training), reports in found.items():
        measured = [
            [report[name] for report in reports]
            for name in ("clean_accuracy", "robust_accuracy", "expected_robustness")
        ]
        measured += [
            [report["shifts"][name] for report in reports]
            for name in ("domain_mean", "corruption_mean")
        ]
        measured.append(
            [report["shifts"]["domain_mean"] / report["clean_accuracy"] for report in reports]
        )
        print(
            f"| {strategy} | {training} | {best(folder, strategy, training):g} |"
            f" {' | '.join(map(_cell, measured))} |"
        )
    for pair, reports in found.items():
        domains = zip(*[report["shifts"]["domains"] for report in reports])
        print(
            f"| {' | '.join(pair)} |"
            f" {' | '.join(_cell([row['accuracy'] for row in rows]) for rows in domains)} |"
        )
    for pair, reports in found.items():
        cells = [
            _cell([_group(report, kinds) for report in reports])
            for kinds in CORRUPTION_GROUPS.values()
        ]
        print(f"| {' | '.join(pair)} | {' | '.join(cells)} |")
    for strategy in STRATEGIES:
        pairs = list(zip(found[strategy, "standard"], found[strategy, "scheduled"]))
        gains = [
            [two[name] - one[name] for one, two in pairs]
            for name in ("clean_accuracy", "expected_robustness")
        ]
        gains += [
            [two["shifts"][name] - one["shifts"][name] for one, two in pairs]
            for name in ("domain_mean", "corruption_mean")
        ]
        print(f"| {strategy} | {' | '.join(map(_cell, gains))} |")


def _report(folder: Path, strategy: str, training: str, seed: int) -> dict[str, Any]:
    return json.loads(
        path_of(folder, strategy, training, best(folder, strategy, training), seed).read_text()
    )


def _group(report: dict[str, Any], kinds: tuple[str, ...]) -> float:
    return mean_accuracy([row for row in report["shifts"]["corruptions"] if row["kind"] in kinds])


def _cell(values: list[float]) -> str:
    found = mean_interval(values)
    return f"{100 * found.mean:.1f} ± {100 * (found.high - found.mean):.1f}"


ARMS = tuple((strategy, training) for strategy in STRATEGIES for training in TRAINING)

if __name__ == "__main__":
    mode, target = sys.argv[1], Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    if mode == "tune":
        make(target, [(*arm, rate, TUNING_SEED) for arm in ARMS for rate in learning_rates(arm[0])])
    elif mode == "final":
        make(target, [(*arm, best(target, *arm), seed) for seed in SEEDS for arm in ARMS])
    else:
        table(target)
