"""How much of a training step its input takes: fetching, scaling and augmenting a batch,
beside the step itself.

python -m docs.studies.data_path PHOTOS   prints one row a case; PHOTOS is an image
folder or a zip of one.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch

from rft_core.engine.execution import prepare
from rft_core.engine.job import Job
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.training.step import build_adversary, next_batch, training_step
from rft_core.spec.run_spec import RunSpec, with_settings

STEPS, WARM_UP = 12, 2


def cases(photos: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the name of each case and its settings."""
    bloom = {"model.backbone": "bloom_convnext", "optim.batch_size": 64}
    for augment in ("flip", "paper"):
        for name, changes in (
            ("blooms_hard, bloom_convnext", bloom | {"data.dataset": "blooms_hard"}),
            ("digits, bloom_convnext", bloom | {"data.dataset": "digits"}),
            ("photographs at 32, bloom_convnext", bloom | {"data.dataset": f"folder:{photos}"}),
            (
                "photographs at 224, resnet18",
                {
                    "data.dataset": f"folder:{photos}",
                    "data.image_size": 224,
                    "data.train_size": 500,
                    "data.eval_size": 10,
                }
                | {"model.backbone": "resnet18", "model.pretrained": False, "optim.batch_size": 16},
            ),
        ):
            yield f"{name}, {augment}", changes | {"data.augment": augment}


def measure(job: Job, epsilon: float) -> tuple[float, float]:
    """Return the medians of processor seconds (all threads) that a step's input and
    the step itself take.
    """
    inputs, steps = [], []
    for step in range(STEPS + WARM_UP):
        started = time.process_time()
        images, labels = next_batch(job, step)
        between = time.process_time()
        training_step(
            job, step, images, labels, build_adversary(job, step, epsilon) if epsilon else None
        )
        inputs.append(between - started)
        steps.append(time.process_time() - between)
    return median(inputs[WARM_UP:]), median(steps[WARM_UP:])


def main(photos: str) -> None:
    """Print the table."""
    print(
        "| case | input, ms | step without attack, ms | share | step with PGD-3, ms | share |\n|"
        " --- | --- | --- | --- | --- | --- |"
    )
    for name, changes in cases(photos):
        spec = with_settings(RunSpec(), changes | {"runtime.threads": 1, "runtime.device": "cpu"})
        with tempfile.TemporaryDirectory() as folder:
            job = prepare(spec, FolderReporter(Path(folder)))
            columns = []
            for epsilon in (0.0, 8 / 255):
                taken, step = measure(job, epsilon)
                columns += [f"{1000 * step:.0f}", f"{taken / (taken + step):.1%}"]
        print(f"| {name} | {1000 * taken:.1f} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    main(sys.argv[1])
