"""Evaluate a finished run's model again: another attack, more steps, another grid, honesty checks,
single images.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rft_core.engine.data.dataset import Split, stratified
from rft_core.engine.data.decoding.pixels import to_pixels
from rft_core.engine.data.greys import Greys
from rft_core.engine.execution import prepare
from rft_core.engine.job import Job
from rft_core.engine.measuring.attacked_images import LONGEST, choose_shown, save_pictures
from rft_core.engine.measuring.evaluate import Evaluation, evaluate, predict
from rft_core.engine.measuring.honesty import check_honesty
from rft_core.engine.models.modes import eval_mode
from rft_core.engine.models.run_checkpoint import read_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import DataError, WeightsError
from rft_core.files import run_files
from rft_core.files.atomic import write_arrays
from rft_core.files.images import open_image
from rft_core.metrics.verdicts import per_class
from rft_core.spec.measured_by import attack_measured_by
from rft_core.spec.run_spec import RunSpec, epsilon_grid, with_settings

HONESTY_IMAGES = 150
BATCH = 128
PICTURE_STEPS = 20


def load_job(spec: RunSpec, folder: Path) -> Job:
    """Return the run's model with its trained weights, and its data; WeightsError if the run kept
    no weights.
    """
    weights = folder / run_files.WEIGHTS
    if not weights.is_file():
        raise WeightsError(
            f"the run kept no weights ({weights.name} is missing in {folder}); resume it, or run it"
            " again"
        )
    # the trained weights replace those it started from, which may be gone by now
    blank = with_settings(spec, {"model.pretrained": False, "model.checkpoint": None})
    job = replace(prepare(blank, FolderReporter(folder)), spec=spec)
    tensors, _ = read_tensors(weights)
    job.model.load_state_dict(tensors)
    job.model.eval()
    return job


def evaluate_run(
    spec: RunSpec,
    folder: Path,
    keep: Path,
    *,
    attack: str,
    steps: int,
    epsilons: Sequence[float] | None,
    images: int | None,
    honesty: bool,
    digest: str | None = None,
    notify: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Return the robustness curve of a run's model under `attack`, and the honesty checks if
    `honesty`.

    It is measured on `images` test images, drawn evenly over classes; on all if None. `digest` is
    that of the images of the run's own report: other images (a changed folder) are refused.
    `run_files.IMAGES` (verdicts and predictions of every image) and `run_files.PICTURES` (the
    images that fall first and hold longest) are written into the folder `keep`.
    """
    notify("loading the model and the test images")
    job = load_job(spec, folder)
    if digest is not None and job.dataset.test.digest() != digest:
        raise DataError(
            f"the test images of {spec.data.dataset} are no longer those the run was measured on;"
            " bring the old files back, or run it again"
        )
    split = stratified(job.dataset.test, images, seed=3)
    notify(f"attacking {len(split):,} test images")
    started = time.monotonic()
    measured = _measure(job, split, attack, steps, epsilons)
    classes = job.dataset.num_classes
    document = _document(measured, attack, steps, classes) | {
        "attack_seconds": round(time.monotonic() - started, 3),
        "norm": spec.threat.norm,
    }
    document |= {"class_names": list(job.dataset.class_names), "honesty": None}
    document["per_class"] = per_class(
        measured.verdicts, split.labels.cpu().numpy(), job.dataset.class_names
    )
    notify("drawing the images that fall first and hold longest")
    _keep_images(keep, job, split, measured)
    if honesty and len(measured.epsilons) > 1:
        few = stratified(job.dataset.test, HONESTY_IMAGES, seed=4)
        notify(f"checking whether the robustness is real, on {len(few):,} images")
        found = check_honesty(
            job.model,
            few,
            norm=spec.threat.norm,
            epsilons=measured.epsilons,
            attack=attack,
            steps=steps,
            batch=min(BATCH, job.measure_batch),
        )
        document["honesty"] = found.as_dict()
    return document


def evaluate_picture(
    spec: RunSpec,
    folder: Path,
    keep: Path,
    picture: Path,
    *,
    attack: str,
    steps: int,
    epsilons: Sequence[float] | None,
    notify: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Attack a picture of the user's own, resized like the data, away from the class that the model
    predicts for it.

    Returns prediction, confidence and the smallest epsilon that fools the model (`falls_at`, None
    if none of the grid does); `run_files.PICTURES` is written into the folder `keep`. Raises
    DataError for a file that is not a picture, or is too large.
    """
    try:
        with open_image(picture) as opened:
            opened.load()
    # whatever Pillow raises on a damaged file means the same here
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"the picture cannot be read ({error}); take another file") from None
    notify("loading the model")
    job = load_job(spec, folder)
    size, device = job.dataset.test.images.shape[-1], job.dataset.test.labels.device
    with open_image(picture) as opened:
        # a deep grey is scaled as it would be among the images that the model was trained on
        greys = job.dataset.greys or Greys()
        pixels = torch.from_numpy(to_pixels(opened, size, lambda: greys).copy())[None]
    with eval_mode(job.model):
        shares = predict(
            job.model, Split(pixels, torch.zeros(1, dtype=torch.long, device=device))
        ).softmax(1)[0]
    split = Split(pixels, shares.argmax().view(1))
    notify("attacking the picture")
    measured = _measure(job, split, attack, steps, epsilons)
    save_pictures(
        keep / run_files.PICTURES,
        job.model,
        split,
        measured,
        np.array([0]),
        [LONGEST],
        norm=spec.threat.norm,
        steps=PICTURE_STEPS,
    )
    held = int(measured.verdicts[0].sum())
    return {
        "attack": attack,
        "steps": steps,
        "measured_by": (
            attack_measured_by(attack, steps=steps, n=1, classes=job.dataset.num_classes).as_dict()
        ),
        "norm": spec.threat.norm,
        "epsilons": list(measured.epsilons),
        "class_names": list(job.dataset.class_names),
        "prediction": job.dataset.class_names[int(shares.argmax())],
        "confidence": float(shares.max()),
        "falls_at": measured.epsilons[held] if held < len(measured.epsilons) else None,
        "taken_for": (
            job.dataset.class_names[measured.fooling[0].prediction]
            if 0 in measured.fooling
            else None
        ),
        "gradient_evaluations": measured.gradient_evaluations,
    }


def _measure(
    job: Job, split: Split, attack: str, steps: int, epsilons: Sequence[float] | None
) -> Evaluation:
    return evaluate(
        job.model,
        split,
        norm=job.spec.threat.norm,
        epsilons=tuple(sorted({0.0, *epsilons})) if epsilons else epsilon_grid(job.spec),
        attack=attack,
        steps=steps,
        batch_size=min(BATCH, job.measure_batch),
        memory_format=job.runtime.memory_format,
        keep_fooling=True,
    )


def _document(measured: Evaluation, attack: str, steps: int, classes: int) -> dict[str, Any]:
    curve = measured.curve
    return {
        "attack": attack,
        "steps": steps,
        "measured_by": attack_measured_by(
            attack, steps=steps, n=curve.n, classes=classes
        ).as_dict(),
        "images": curve.n,
        "clean_accuracy": curve.clean_accuracy,
        "robust_accuracy": curve.accuracies[-1],
        "expected_robustness": curve.expected_robustness,
        "curve": curve.points(),
        "gradient_evaluations": measured.gradient_evaluations,
    }


def _keep_images(keep: Path, job: Job, split: Split, measured: Evaluation) -> None:
    """Write the model's predictions for every image, clean and at the largest epsilon, and the
    pictures of a few.
    """
    with eval_mode(job.model):
        shares = predict(
            job.model, split, min(BATCH, job.measure_batch), job.runtime.memory_format
        ).softmax(1)
    labels, clean = split.labels.cpu().numpy(), shares.argmax(1).cpu().numpy()
    attacked = clean.copy()
    for index, found in measured.fooling.items():
        attacked[index] = found.prediction
    confidence = shares.max(1).values.cpu().numpy()
    images = {
        "epsilons": np.array(measured.epsilons),
        "verdicts": measured.verdicts,
        "labels": labels,
        "clean_prediction": clean,
        "clean_confidence": confidence,
        "attacked_prediction": attacked,
    }
    write_arrays(keep / run_files.IMAGES, images)
    indices, kinds = choose_shown(measured, confidence)
    if len(indices):
        save_pictures(
            keep / run_files.PICTURES,
            job.model,
            split,
            measured,
            indices,
            kinds,
            norm=job.spec.threat.norm,
            steps=PICTURE_STEPS,
        )
