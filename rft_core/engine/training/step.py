"""A step of training: its batch, its attack, its gradients; in parts if memory runs out."""

import torch
from torch import Tensor, nn

from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.data.transforms.augment import augment
from rft_core.engine.hardware.memory import is_out_of_memory
from rft_core.engine.hardware.recompute import recomputes, statistics_held
from rft_core.engine.job import Job
from rft_core.engine.models.modes import train_mode, trains_statistics
from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.reporter import Reporter
from rft_core.engine.seeds import generator, global_stream
from rft_core.engine.training.optim import learning_rate_factor, set_learning_rate
from rft_core.engine.training.progress import Progress
from rft_core.errors import TrainingError
from rft_core.spec import catalog

RECOMPUTE = "runtime.checkpoint_activations"


def step_that_fits(
    job: Job, progress: Progress, images: Tensor, labels: Tensor, epsilon: float, reporter: Reporter
) -> tuple[Tensor, int]:
    """Take a training step at `epsilon`; if memory runs out, take it again in smaller parts.

    Returns (loss, examples x steps of the attack).

    All randomness of a step derives from its number, so a second attempt draws the same starts.
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
    """Return the line that says how a batch that does not fit is processed, and which setting would
    make more fit.
    """
    way_out = "" if has_recomputed else f"; {RECOMPUTE} makes more fit at once"
    return (
        f"a batch of {batch} images does not fit into memory: {part} are processed at a time and"
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
    """Take a step of the method: attack with `adversary` (None at factor 0), compute the
    objective's gradient, update. Returns the loss.

    With a `part_size` the batch is processed in parts whose gradients are added up.
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
        for part_images, part_labels in zip(
            images.split(part_size or len(images)), labels.split(part_size or len(labels))
        ):
            with job.runtime.autocast():
                loss = job.objective(job.model, part_images, part_labels, adversary, spec.objective)
            share = len(part_labels) / len(labels)
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
    epoch, batch = divmod(step, job.steps_per_epoch)
    size, train_split = job.spec.optim.batch_size, job.dataset.train
    chosen = job.order.of(job.spec.seed, epoch, len(train_split))[batch * size : (batch + 1) * size]
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
