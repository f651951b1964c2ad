"""Training: the loop of a run, from a step to the end or to a person's request."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rft_core.engine.data.transforms.augment import augment
from rft_core.engine.hardware.device import peak_memory
from rft_core.engine.hardware.memory import is_out_of_memory
from rft_core.engine.hardware.recompute import recomputes, statistics_held
from rft_core.engine.job import Job
from rft_core.engine.measuring.evaluate import as_pixels
from rft_core.engine.models.modes import train_mode, trains_statistics
from rft_core.engine.models.run_checkpoint import FILE_NAME, save_checkpoint
from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.reporter import Reporter, Request
from rft_core.engine.seeds import generator, global_stream
from rft_core.engine.training.optim import learning_rate_factor, set_learning_rate
from rft_core.errors import TrainingError
from rft_core.metrics.transfer import Onset, onset
from rft_core.spec import catalog
from rft_core.spec.schedules import Moment, factor_at

TRAIN_EVENTS = 400
CHECKPOINT_SECONDS = 20.0
RECOMPUTE = "runtime.checkpoint_activations"


@dataclass
class Progress:
    """Where a run stands; plain data, kept in its checkpoint."""

    step: int = 0
    seconds: float = 0.0
    training_seconds: float = 0.0
    images: int = 0
    gradient_evaluations: int = 0
    # images worked on at a time; 0 while whole batches fit
    part_size: int = 0
    tracked: list[dict[str, Any]] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)

    def onset(self, num_classes: int) -> Onset | None:
        """Return where the run adapted to its task, from what was tracked so far."""
        columns = ([row[name] for row in self.tracked] for name in ("step", "epoch", "clean"))
        return onset(*columns, num_classes)


def train(
    job: Job, progress: Progress, reporter: Reporter, measure: Callable[[int], None]
) -> Request:
    """Train until the end or until a person asks to stop or pause; return that
    request, or None at the end.

    `measure` (step) is called before each step; it decides whether this is a moment to evaluate.
    """
    spec, clock = job.spec, _Clock(progress)
    schedule = catalog.find("schedules", spec.schedule.kind).load()
    passes = catalog.find("objectives", spec.objective.kind).passes
    report_every = max(1, job.total_steps // TRAIN_EVENTS)
    checkpoint = reporter.folder / FILE_NAME

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


def step_that_fits(
    job: Job, progress: Progress, images: Tensor, labels: Tensor, epsilon: float, reporter: Reporter
) -> tuple[Tensor, int]:
    """Take one training step at `epsilon`; where memory runs out, take it again in smaller parts.

    Returns (loss, examples x steps of the attack).

    All randomness of a step derives from its number, so a second try draws the same starts.
    """
    step = progress.step
    while True:
        adversary = build_adversary(job, step, epsilon) if epsilon > 0 else None
        try:
            return training_step(job, step, images, labels, adversary, progress.part_size), (
                adversary.spent if adversary else 0
            )
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            progress.part_size = _smaller(progress.part_size or len(labels), job)
        # outside the handler: the error would hold the tensors that did not fit
        if job.runtime.device.type == "cuda":
            torch.cuda.empty_cache()
        reporter.event(
            "log",
            step,
            step / job.steps_per_epoch,
            {"text": part_note(len(labels), progress.part_size, recomputes(job.model))},
        )


def part_note(batch: int, part: int, has_recomputed: bool = False) -> str:
    """Return the line that says how a batch that does not fit is worked on, and what makes more fit
    where that is not done yet.
    """
    way_out = "" if has_recomputed else f"; {RECOMPUTE} makes more fit at once"
    return (
        f"a batch of {batch} images does not fit into memory: {part} are worked on at a time and"
        " their gradients are added up, which gives the same step, except that batch norms see the"
        f" smaller parts{way_out}"
    )


def _smaller(part: int, job: Job) -> int:
    least = 2 if trains_statistics(job.model) else 1
    if part <= least:
        first = "" if recomputes(job.model) else f"set {RECOMPUTE} to true, "
        raise TrainingError(
            f"out of memory with {part} images at a time; {first}lower data.image_size or train a"
            " smaller backbone, then run it again"
        )
    return max(least, (part + 1) // 2)


def training_step(
    job: Job,
    step: int,
    images: Tensor,
    labels: Tensor,
    adversary: Adversary | None,
    part_size: int = 0,
) -> Tensor:
    """One step of the method: attack with `adversary` (None at factor 0), take the objective's
    gradient, update. Returns the loss.

    With a `part_size` the batch is worked on in parts whose gradients are added up.
    """
    spec, device = job.spec, job.runtime.device
    rate = learning_rate_factor(
        step / job.total_steps,
        warmup_fraction=spec.optim.warmup_fraction,
        decay=spec.optim.decay,
        one_step=1 / job.total_steps,
    )
    set_learning_rate(job.optimizer, rate)
    train_mode(job.model)
    job.optimizer.zero_grad(set_to_none=True)
    total = torch.zeros((), device=device)
    with global_stream(spec.seed, "layers", step, device=device):
        for some, their_labels in zip(
            images.split(part_size or len(images)), labels.split(part_size or len(labels))
        ):
            with job.runtime.autocast():
                loss = job.objective(job.model, some, their_labels, adversary, spec.objective)
            share = len(their_labels) / len(labels)
            with statistics_held(job.model):
                (loss if share == 1 else loss * share).backward()
            total += share * loss.detach()
    if spec.optim.clip_norm is not None:
        nn.utils.clip_grad_norm_(job.model.parameters(), spec.optim.clip_norm)
    job.optimizer.step()
    return total


def build_adversary(job: Job, step: int, epsilon: float) -> Adversary:
    """Return the training attack of `step` with its budget and its own stream of random starts."""
    attack, spec = job.spec.attack, job.spec
    stream = generator(spec.seed, "attack", step, device=job.runtime.device)
    row = catalog.find("attacks", attack.kind)
    return Adversary(
        attack=row.load(),
        norm=spec.threat.norm,
        epsilon=epsilon,
        steps=attack.steps,
        relative_step_size=attack.relative_step_size,
        random_start=attack.random_start,
        generator=stream,
        evaluations=row.evaluations(attack.steps),
        folding=job.folding,
    )


def next_batch(job: Job, step: int) -> tuple[Tensor, Tensor]:
    """Return the pixels (N, 3, H, W) and labels (N,) of `step`; the order depends
    only on seed and epoch.
    """
    epoch, place = divmod(step, job.steps_per_epoch)
    size, train_split = job.spec.optim.batch_size, job.dataset.train
    chosen = job.order.of(job.spec.seed, epoch, len(train_split))[place * size : (place + 1) * size]
    images = as_pixels(train_split.fetch(chosen))
    images = augment(
        images,
        job.spec.data.augment,
        generator(job.spec.seed, "augment", step, device=images.device),
    )
    return (
        images.contiguous(memory_format=job.runtime.memory_format),
        train_split.labels[chosen.to(train_split.labels.device)],
    )


class _Clock:
    """Counts a run's seconds across interruptions, and says when a checkpoint is due."""

    def __init__(self, progress: Progress):
        self.progress, self.before = progress, progress.seconds
        self.started = self.saved = time.monotonic()

    def training(self) -> "_Training":
        return _Training(self.progress)

    def tick(self) -> None:
        self.progress.seconds = self.before + time.monotonic() - self.started

    def due(self) -> bool:
        return time.monotonic() - self.saved > CHECKPOINT_SECONDS


class _Training:
    """Adds the time spent inside the block to the training time, so that speeds
    leave evaluation out.
    """

    def __init__(self, progress: Progress):
        self.progress = progress

    def __enter__(self) -> None:
        self.entered = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.progress.training_seconds += time.monotonic() - self.entered


def _save(path: Path, job: Job, clock: _Clock, reporter: Reporter) -> None:
    """Write a checkpoint of a healthy model; a full disk is said and does not end the run, which
    still has the one before.
    """
    clock.tick()
    clock.saved = time.monotonic()
    progress = clock.progress
    if not all(torch.isfinite(parameter).all() for parameter in job.model.parameters()):
        raise _not_finite("weights are", progress.step, job, path)
    try:
        save_checkpoint(path, job.model, job.optimizer, progress.as_dict())
        reporter.artifact(path, "checkpoint")
    except OSError as error:
        text = (
            f"the checkpoint of step {progress.step} could not be written"
            f" ({error.strerror or error}); training goes on, free some space"
        )
        reporter.event("log", progress.step, progress.step / job.steps_per_epoch, {"text": text})


def _require_finite(loss: Tensor, job: Job, step: int, checkpoint: Path) -> None:
    # asking a GPU for the value would make it wait for every step; there it is
    # asked when it reports
    if loss.device.type == "cpu" and not math.isfinite(loss.item()):
        raise _not_finite("loss is", step, job, checkpoint)


def _not_finite(what: str, step: int, job: Job, checkpoint: Path) -> TrainingError:
    kept = (
        "the last good checkpoint is kept"
        if checkpoint.is_file()
        else "there was no checkpoint yet"
    )
    rate = job.spec.optim.learning_rate
    return TrainingError(
        f"the {what} not finite (NaN or infinite) at step {step}: training diverged; lower"
        f" optim.learning_rate (now {rate:g}) or set optim.clip_norm; {kept}"
    )


def _report(job: Job, progress: Progress, reporter: Reporter, loss: Tensor, epsilon: float) -> None:
    value = loss.item()
    step = progress.step - 1
    if not math.isfinite(value):
        raise _not_finite("loss is", step, job, reporter.folder / FILE_NAME)
    payload = {
        "loss": value,
        "epsilon": epsilon,
        "learning_rate": job.optimizer.param_groups[0]["lr"],
        "images_per_second": progress.images / max(progress.training_seconds, 1e-9),
    } | peak_memory(job.runtime.device)
    reporter.event("train", step, step / job.steps_per_epoch, payload)
