"""The nine-point robustness curve, ours against a torchattacks PGD at each epsilon, with their
verdicts compared.
"""

import time
from statistics import median
from typing import Any

import numpy as np
import torch
import torchattacks
from torch import nn

from rft_core.bench.classifiers import classifier
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.hardware.device import Runtime, choose_runtime
from rft_core.engine.hardware.folding import Folding
from rft_core.engine.hardware.products import choose_products, use_torch
from rft_core.engine.measuring.evaluate import Evaluation, evaluate
from rft_core.metrics.significance import mcnemar_p_value
from rft_core.spec.sections import RuntimeSpec

EPSILONS = tuple(level / 255 for level in range(9))
STEPS, BATCH = 10, 256


def measure_curve(
    name: str, images: int, rounds: int, threads: int | None = None
) -> dict[str, Any]:
    """Return the seconds of both (medians of `rounds`, alternating), their cost in gradient
    evaluations, and the largest excess of our accuracy.

    "largest_accuracy_excess" is the largest difference of our accuracy over the naive accuracy;
    "p_value" is McNemar's, of the images on which the two disagree at that epsilon.
    """
    model, split = classifier(name, images)
    runtime = choose_runtime(RuntimeSpec(threads=threads), model)
    model, split = model.to(runtime.device), split.to(runtime.device)
    seconds: dict[str, list[float]] = {"ours": [], "naive": []}
    for _ in range(rounds):
        ours = _timed(seconds["ours"], _ours, model, split, runtime)
        theirs = _timed(seconds["naive"], _naive, model, split)
    excess = ours.verdicts.mean(0) - theirs.mean(0)
    worst = int(excess.argmax())
    return {
        "model": name,
        "images": len(split),
        "ours_seconds": median(seconds["ours"]),
        "naive_seconds": median(seconds["naive"]),
        "speedup": median(slow / fast for fast, slow in zip(seconds["ours"], seconds["naive"])),
        "gradient_evaluations_ratio": STEPS
        * (len(EPSILONS) - 1)
        * len(split)
        / max(1, ours.gradient_evaluations),
        "largest_accuracy_excess": float(excess[worst]),
        "p_value": mcnemar_p_value(
            int((ours.verdicts & ~theirs)[:, worst].sum()),
            int((theirs & ~ours.verdicts)[:, worst].sum()),
        ),
        "ours_accuracies": ours.verdicts.mean(0).tolist(),
        "naive_accuracies": theirs.mean(0).tolist(),
        "rounds": rounds,
    }


def _timed(seconds: list[float], work, *arguments) -> Any:
    started = time.perf_counter()
    result = work(*arguments)
    seconds.append(time.perf_counter() - started)
    return result


def _ours(model: nn.Module, split: Split, runtime: Runtime) -> Evaluation:
    return evaluate(
        choose_products(model.to(memory_format=runtime.memory_format), runtime.device),
        split,
        norm="linf",
        epsilons=EPSILONS,
        steps=STEPS,
        batch_size=BATCH,
        memory_format=runtime.memory_format,
        folding=Folding(),
    )


def _naive(model: nn.Module, split: Split) -> np.ndarray:
    """Return verdicts (N, E): torchattacks' PGD on every image at every epsilon; an image
    that fell stays fallen.
    """
    model = use_torch(model.to(memory_format=torch.contiguous_format))
    standing, verdicts = torch.ones(len(split), dtype=torch.bool, device=split.labels.device), []
    for epsilon in EPSILONS:
        attack = torchattacks.PGD(
            model, eps=epsilon, alpha=2.5 / STEPS * epsilon, steps=STEPS, random_start=False
        )
        for start in range(0, len(split), BATCH):
            part = slice(start, start + BATCH)
            images, labels = as_pixels(split.fetch(part)), split.labels[part]
            attacked = attack(images, labels) if epsilon else images
            with torch.no_grad():
                standing[part] &= model(attacked).argmax(1) == labels
        verdicts.append(standing.clone())
    return torch.stack(verdicts, 1).cpu().numpy()
