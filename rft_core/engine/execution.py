"""The method on one page: RunSpec + Reporter -> RunReport."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn

from rft_core.engine.data.dataset import stratified
from rft_core.engine.data.inspect.same_data import keep_or_compare
from rft_core.engine.data.load import load_dataset
from rft_core.engine.hardware.device import choose_runtime, compile_model, peak_memory
from rft_core.engine.hardware.memory import fitting_batch, free_bytes, kept_bytes
from rft_core.engine.hardware.products import choose_products
from rft_core.engine.hardware.recompute import recompute_activations, recomputes
from rft_core.engine.job import MEASURE_BATCH, Job
from rft_core.engine.measuring.evaluate import Evaluation
from rft_core.engine.measuring.shifts import final_shifts
from rft_core.engine.models.build import build_model, check_weights, preprocessing
from rft_core.engine.models.heads import heads
from rft_core.engine.models.modes import trains_statistics
from rft_core.engine.models.run_checkpoint import checkpoints, load_checkpoint, write_tensors
from rft_core.engine.objectives.build import build_objective
from rft_core.engine.reporter import Reporter
from rft_core.engine.seeds import global_stream
from rft_core.engine.strategies.parameters import count_parameters, where
from rft_core.engine.training.full_disk import write_patiently
from rft_core.engine.training.optim import build_optimizer
from rft_core.engine.training.progress import Progress
from rft_core.engine.training.step import part_note
from rft_core.engine.training.tracking import Tracker, job_measured_by, measure_split
from rft_core.engine.training.train import train
from rft_core.errors import SettingError, WeightsError
from rft_core.files import run_files
from rft_core.files.atomic import write_arrays
from rft_core.files.version import VERSION
from rft_core.metrics.pareto import hypervolume
from rft_core.metrics.run_report import RunReport
from rft_core.metrics.transfer import is_transfer_failure
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec, epsilon_grid, grid_note

SMALL_IMAGE = 64


def execute(spec: RunSpec, reporter: Reporter) -> RunReport | None:
    """Run `spec` from its checkpoint in the reporter's folder, or from the start; return a report.

    Returns None if a person paused the run; after a stop the report measures the model as it was
    then.
    """
    started = time.monotonic()
    job = prepare(spec, reporter)
    progress = _resumed(job, reporter)
    keep_or_compare(
        job.dataset,
        reporter.folder,
        goes_on=progress is not None,
        notify=lambda text: reporter.event("log", 0, 0.0, {"text": text}),
    )
    progress = progress or Progress(part_size=job.part_size)
    before = progress.seconds
    tracker = Tracker(job, progress, reporter)
    request = train(job, progress, reporter, tracker.measure_if_due)
    if request == "pause":
        return None
    tracker.measure(progress.step)
    evaluation = measure_split(job, job.dataset.test, epsilon_grid(spec), spec.evaluation.attack)
    progress.gradient_evaluations += evaluation.gradient_evaluations
    shifts = final_shifts(job)
    progress.seconds = before + time.monotonic() - started
    _keep(job, progress.step, evaluation, reporter)
    return _report(
        job, progress, evaluation, shifts, reporter, "stopped" if request else "finished"
    )


def _resumed(job: Job, reporter: Reporter) -> Progress | None:
    """Load the newest intact checkpoint into `job` and return its progress; None if there is none.

    A damaged checkpoint is reported in the log and skipped.
    """
    for checkpoint in checkpoints(reporter.folder):
        try:
            progress = Progress(**load_checkpoint(checkpoint, job.model, job.optimizer))
        except WeightsError as error:
            reporter.event(
                "log",
                0,
                0.0,
                {
                    "text": (
                        f"{error}; looking for an older checkpoint, otherwise training starts over"
                    )
                },
            )
            continue
        reporter.event(
            "resumed",
            progress.step,
            progress.step / job.steps_per_epoch,
            {"text": f"resumed from the checkpoint of step {progress.step}"},
        )
        return progress
    return None


def prepare(spec: RunSpec, reporter: Reporter) -> Job:
    """Load the data, build the model, choose what is trained, and move everything to the device."""

    def notify(text: str) -> None:
        reporter.event("log", 0, 0.0, {"text": text})

    # before the data, which may take minutes
    check_weights(spec.model)
    image_size = spec.data.image_size or preprocessing(spec.model.backbone).image_size
    dataset = load_dataset(spec, image_size=image_size, notify=notify)
    notes = [*dataset.notes, *dataset.shared_lines(), *_notes(spec, dataset.num_classes)]
    for note in notes:
        notify(note)
    model = build_model(
        spec.model,
        num_classes=dataset.num_classes,
        image_size=image_size,
        seed=spec.seed,
        notify=notify,
    )
    runtime = choose_runtime(spec.runtime, model)
    # before the strategy changes the model: an objective may keep a copy of the pretrained one
    objective = build_objective(spec.objective, model, runtime)
    with global_stream(spec.seed, "strategy", device=torch.device("cpu")):
        model.backbone = catalog.find("strategies", spec.strategy.kind).load()(
            model.backbone, spec.strategy
        )
    if spec.runtime.checkpoint_activations and (reason := recompute_activations(model)):
        notify(reason)
    _check_batch(spec, model, len(dataset.train))
    model = model.to(runtime.device).to(memory_format=runtime.memory_format)
    model = choose_products(model, runtime.device)
    if spec.runtime.compile and (reason := compile_model(model, runtime, image_size)):
        notify(reason)
    optimizer = build_optimizer(model, nn.ModuleList(heads(model.backbone)), spec.optim)
    dataset = dataset.to(runtime.device)
    if dataset.train.images.device != dataset.train.labels.device:
        notify(
            "the training images do not fit on the GPU together with the training; they stay in"
            " main memory and are copied batch by batch"
        )
    tracked = stratified(dataset.validation, spec.evaluation.eval_size, seed=0)
    part, measured = _fit(spec, model, image_size, runtime.device)
    if part:
        notify(part_note(spec.optim.batch_size, part, recomputes(model)))
    return Job(spec, dataset, tracked, model, optimizer, runtime, objective, part, measured)


def _fit(spec: RunSpec, model: nn.Module, image_size: int, device: torch.device) -> tuple[int, int]:
    """Return how many images fit into the free memory at once: (for training, 0 for a whole batch;
    for measuring).
    """
    per_image, free = kept_bytes(model, image_size, device), free_bytes(device)
    part = fitting_batch(spec.optim.batch_size, per_image, free)
    if part == 1 and trains_statistics(model):
        part = 2
    # pictures this small cost little; larger pictures are measured in batches of the training's
    # size, so that measuring needs no more memory
    most = MEASURE_BATCH if image_size <= SMALL_IMAGE else min(MEASURE_BATCH, spec.optim.batch_size)
    return part if part < spec.optim.batch_size else 0, fitting_batch(most, per_image, free)


def _notes(spec: RunSpec, classes: int) -> list[str]:
    """Return where this run deviates from its settings, for its log."""
    note = grid_note(spec)
    notes = [note] if note else []
    for name in sorted({spec.attack.kind, spec.evaluation.attack}):
        row = catalog.find("attacks", name)
        if row.loss_on(classes) != row.loss:
            notes.append(
                f"{row.label} needs {row.few_classes[0]} classes for its loss ({row.loss}) and"
                f" there are {classes}: it attacks {row.loss_on(classes)} instead"
            )
    return notes


def _check_batch(spec: RunSpec, model: nn.Module, images: int) -> None:
    """Raise SettingError for batches of one image if batch norms would measure their spread."""
    if min(spec.optim.batch_size, images) == 1 and trains_statistics(model):
        raise SettingError(
            "optim.batch_size",
            spec.optim.batch_size,
            "must be at least 2, with as many training images, where batch norms are trained; raise"
            " it, or choose a strategy that freezes them, such as bitfit",
        )


def _keep(job: Job, step: int, evaluation: Evaluation, reporter: Reporter) -> None:
    """Write the weights and the per-example verdicts, so that runs can be paired
    image by image later.
    """
    weights, verdicts = reporter.folder / run_files.WEIGHTS, reporter.folder / run_files.VERDICTS
    answers = {
        "epsilons": np.array(evaluation.epsilons),
        "verdicts": evaluation.verdicts,
        "labels": job.dataset.test.labels.cpu().numpy(),
    }
    files = (
        (
            weights,
            run_files.WEIGHTS_KIND,
            lambda: write_tensors(
                weights, job.model.state_dict(), {"backbone": job.spec.model.backbone}
            ),
        ),
        (verdicts, run_files.VERDICTS_KIND, lambda: write_arrays(verdicts, answers)),
    )
    for path, _, write in files:
        write_patiently(path, write, reporter, step, step / job.steps_per_epoch)
    for path, kind, _ in files:
        reporter.artifact(path, kind)


def _report(
    job: Job,
    progress: Progress,
    evaluation: Evaluation,
    shifts: dict[str, Any] | None,
    reporter: Reporter,
    status: str,
) -> RunReport:
    rows: list[dict[str, Any]] = progress.tracked
    trainable, total = count_parameters(job.model)
    return RunReport(
        run_id=reporter.run_id,
        status=status,
        version=VERSION,
        seconds=progress.seconds,
        images_per_second=progress.images / max(progress.training_seconds, 1e-9),
        curve=evaluation.curve,
        measured_by=job_measured_by(job, evaluation.curve.n, job.spec.evaluation.attack),
        onset=progress.onset(job.dataset.num_classes),
        trainable_parameters=trainable,
        total_parameters=total,
        images_digest=job.dataset.test.digest(),
        gradient_evaluations=progress.gradient_evaluations,
        hypervolume=hypervolume(np.array([[row["clean"], row["robust"]] for row in rows])),
        transfer_failure=is_transfer_failure(
            evaluation.curve.clean_accuracy, job.dataset.num_classes
        ),
        machine=job.runtime.describe()
        | peak_memory(job.runtime.device)
        | {
            "torch": torch.__version__,
            "classes": job.dataset.num_classes,
        },
        parameter_map=where(job.model),
        shared_images=dict(job.dataset.shared or {}),
        shifts=shifts,
    )
