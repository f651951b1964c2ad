"""Look at a finished run's model again: another attack, more steps, another grid, honesty checks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rft_core.engine.checkpoint import read_tensors
from rft_core.engine.data.dataset import stratified
from rft_core.engine.evaluate import evaluate
from rft_core.engine.execute import WEIGHTS_FILE, prepare
from rft_core.engine.honesty import check_honesty
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.train import Job
from rft_core.errors import DataError, WeightsError
from rft_core.spec import RunSpec, epsilon_grid, with_settings

HONESTY_IMAGES = 150
BATCH = 128


def load_job(spec: RunSpec, folder: Path) -> Job:
    """Return the run's model with its trained weights, and its data; raises when the run kept no weights."""
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        raise WeightsError(f"the run kept no weights ({weights.name} is missing in {folder}); resume it, or run it again")
    # its own weights replace whatever it started from, which may be gone by now
    blank = with_settings(spec, {"model.pretrained": False, "model.checkpoint": None})
    job = replace(prepare(blank, FolderReporter(folder)), spec=spec)
    tensors, _ = read_tensors(weights)
    job.model.load_state_dict(tensors)
    job.model.eval()
    return job


def review(
    spec: RunSpec, folder: Path, *, attack: str, steps: int, epsilons: Sequence[float] | None, images: int | None, honesty: bool, digest: str | None = None
) -> dict[str, Any]:
    """Return the robustness curve of a run's model under `attack`, and the honesty checks when asked for.

    `images` test images, drawn evenly over classes; all when None. `digest` is that of the images of the run's own
    report: other images (a changed folder) are refused.
    """
    job = load_job(spec, folder)
    if digest is not None and job.dataset.test.digest() != digest:
        raise DataError(f"the test images of {spec.data.dataset} are no longer those the run was measured on; bring the old files back, or run it again")
    split = stratified(job.dataset.test, images, seed=3)
    grid = tuple(sorted({0.0, *epsilons})) if epsilons else epsilon_grid(spec)
    measured = evaluate(
        job.model,
        split,
        norm=spec.threat.norm,
        epsilons=grid,
        attack=attack,
        steps=steps,
        batch_size=min(BATCH, job.measure_batch),
        memory_format=job.runtime.memory_format,
    )
    curve = measured.curve
    document = {
        "attack": attack,
        "steps": steps,
        "images": len(split),
        "clean_accuracy": curve.clean_accuracy,
        "robust_accuracy": curve.accuracies[-1],
        "expected_robustness": curve.expected_robustness,
        "curve": curve.points(),
        "gradient_evaluations": measured.gradient_evaluations,
        "per_class": _per_class(measured.verdicts, split.labels.cpu().numpy(), job.dataset.class_names),
        "honesty": None,
    }
    if honesty and spec.threat.epsilon > 0:
        few = stratified(job.dataset.test, HONESTY_IMAGES, seed=4)
        document["honesty"] = check_honesty(job.model, few, norm=spec.threat.norm, epsilon=spec.threat.epsilon).as_dict()
    return document


def _per_class(verdicts: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for index, name in enumerate(names):
        own = verdicts[labels == index]
        if len(own):
            rows.append({"class": name, "n": len(own), "clean_accuracy": float(own[:, 0].mean()), "robust_accuracy": float(own[:, -1].mean())})
    return rows
