"""Training: the loop of a run, from a step to the end or until a person stops it."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from rft_core.engine.hardware.device import peak_memory
from rft_core.engine.job import Job
from rft_core.engine.models.run_checkpoint import save_checkpoint
from rft_core.engine.reporter import Reporter, Request
from rft_core.engine.training.progress import Clock, Progress
from rft_core.engine.training.step import next_batch, step_that_fits
from rft_core.errors import TrainingError
from rft_core.files import run_files
from rft_core.spec import catalog
from rft_core.spec.schedules import Moment, factor_at

TRAIN_EVENTS = 400


def train(
    job: Job, progress: Progress, reporter: Reporter, measure: Callable[[int], None]
) -> Request:
    """Train until the end or until a person requests a stop or a pause; return that request, or
    None at the end.

    `measure` (step) is called before each step; it decides whether to evaluate.
    """
    spec, clock = job.spec, Clock(progress)
    schedule = catalog.find("schedules", spec.schedule.kind).load()
    passes = catalog.find("objectives", spec.objective.kind).passes
    report_every = max(1, job.total_steps // TRAIN_EVENTS)
    checkpoint = reporter.folder / run_files.CHECKPOINT

    while progress.step < job.total_steps:
        reporter.progress(progress.step, job.total_steps)
        measure(progress.step)
        if request := reporter.request():
            _save(checkpoint, job, clock, reporter)
            return request
        step, epoch = progress.step, progress.step // job.steps_per_epoch
        moment = Moment(
            step / job.total_steps, epoch, spec.optim.epochs, spec.seed, tuple(progress.validation)
        )
        epsilon = factor_at(schedule, spec.schedule, moment) * spec.threat.epsilon
        images, labels = next_batch(job, step)
        with clock.training():
            loss, spent = step_that_fits(job, progress, images, labels, epsilon, reporter)
        _require_finite(loss, job, step, checkpoint)
        progress.step += 1
        progress.images += len(labels)
        progress.gradient_evaluations += len(labels) * (passes if epsilon > 0 else 1) + spent
        if step % report_every == 0 or progress.step == job.total_steps:
            _report(job, progress, reporter, loss, epsilon)
        if clock.due():
            _save(checkpoint, job, clock, reporter)
    reporter.progress(progress.step, job.total_steps)
    _save(checkpoint, job, clock, reporter)
    return None


def _save(path: Path, job: Job, clock: Clock, reporter: Reporter) -> None:
    """Write a checkpoint if all weights are finite, else raise TrainingError; a full disk is
    reported in the log and does not end the run, which still has the previous checkpoint.
    """
    clock.tick()
    clock.saved = time.monotonic()
    progress = clock.progress
    if not all(torch.isfinite(parameter).all() for parameter in job.model.parameters()):
        raise _not_finite("weights are", progress.step, job, path)
    try:
        save_checkpoint(path, job.model, job.optimizer, progress.as_dict())
        reporter.artifact(path, run_files.CHECKPOINT_KIND)
    except OSError as error:
        text = (
            f"the checkpoint of step {progress.step} could not be written"
            f" ({error.strerror or error}); training goes on, free some space"
        )
        reporter.event("log", progress.step, progress.step / job.steps_per_epoch, {"text": text})


def _require_finite(loss: Tensor, job: Job, step: int, checkpoint: Path) -> None:
    # reading the value from a GPU would make every step wait; there it is checked in _report
    if loss.device.type == "cpu" and not math.isfinite(loss.item()):
        raise _not_finite("loss is", step, job, checkpoint)


def _not_finite(subject: str, step: int, job: Job, checkpoint: Path) -> TrainingError:
    kept = (
        "the last good checkpoint is kept"
        if checkpoint.is_file()
        else "there was no checkpoint yet"
    )
    rate = job.spec.optim.learning_rate
    return TrainingError(
        f"the {subject} not finite (NaN or infinite) at step {step}: training diverged; lower"
        f" optim.learning_rate (now {rate:g}) or set optim.clip_norm; {kept}"
    )


def _report(job: Job, progress: Progress, reporter: Reporter, loss: Tensor, epsilon: float) -> None:
    value = loss.item()
    step = progress.step - 1
    if not math.isfinite(value):
        raise _not_finite("loss is", step, job, reporter.folder / run_files.CHECKPOINT)
    payload = {
        "loss": value,
        "epsilon": epsilon,
        "learning_rate": job.optimizer.param_groups[0]["lr"],
        "images_per_second": progress.images / max(progress.training_seconds, 1e-9),
    } | peak_memory(job.runtime.device)
    reporter.event("train", step, step / job.steps_per_epoch, payload)
