"""The method on one page: RunSpec + Reporter -> RunReport."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn

from rft_core import catalog
from rft_core.engine.attacks.losses import DLR_CLASSES
from rft_core.engine.checkpoint import FILE_NAME, load_checkpoint, write_tensors
from rft_core.engine.data.dataset import stratified
from rft_core.engine.data.load import load_dataset
from rft_core.engine.device import choose_runtime, compile_model
from rft_core.engine.evaluate import Evaluation
from rft_core.engine.models.build import build_model, check_weights, preprocessing
from rft_core.engine.modes import trains_statistics
from rft_core.engine.objectives.build import build_objective
from rft_core.engine.optim import build_optimizer
from rft_core.engine.reporter import Reporter
from rft_core.engine.seeds import global_stream
from rft_core.engine.strategies.parameters import count_parameters, where
from rft_core.engine.tracking import Tracker, measure_split
from rft_core.engine.train import Job, Progress, train
from rft_core.errors import SettingError
from rft_core.metrics.pareto import hypervolume
from rft_core.metrics.run_report import RunReport
from rft_core.metrics.transfer import is_transfer_failure
from rft_core.spec import RunSpec, epsilon_grid, grid_note

WEIGHTS_FILE, VERDICTS_FILE, REPORT_KIND = "model.safetensors", "verdicts.npz", "verdicts"


def execute(spec: RunSpec, reporter: Reporter) -> RunReport | None:
    """Run `spec` from its checkpoint in the reporter's folder, or from the start; return what was measured.

    Returns None when a person paused the run; after a stop the report is of the model as it stood.
    """
    started = time.monotonic()
    job = prepare(spec, reporter)
    progress = Progress()
    if (checkpoint := reporter.folder / FILE_NAME).is_file():
        progress = Progress(**load_checkpoint(checkpoint, job.model, job.optimizer))
        reporter.event("log", progress.step, progress.step / job.steps_per_epoch, {"text": f"resumed from the checkpoint of step {progress.step}"})
    before = progress.seconds
    tracker = Tracker(job, progress, reporter)
    request = train(job, progress, reporter, tracker.measure_if_due)
    if request == "pause":
        return None
    tracker.measure(progress.step)
    evaluation = measure_split(job, job.dataset.test, epsilon_grid(spec), spec.evaluation.attack)
    progress.gradient_evaluations += evaluation.gradient_evaluations
    progress.seconds = before + time.monotonic() - started
    _keep(job, evaluation, reporter)
    return _report(job, progress, evaluation, reporter, "stopped" if request else "finished")


def prepare(spec: RunSpec, reporter: Reporter) -> Job:
    """Load the data, build the model, choose what is trained, and put all of it on the device."""

    def notify(text: str) -> None:
        reporter.event("log", 0, 0.0, {"text": text})

    # before the data, which may take minutes
    check_weights(spec.model)
    image_size = spec.data.image_size or preprocessing(spec.model.backbone).image_size
    dataset = load_dataset(spec, image_size=image_size, notify=notify)
    for note in [*dataset.notes, *_notes(spec, dataset.num_classes)]:
        notify(note)
    model = build_model(spec.model, num_classes=dataset.num_classes, image_size=image_size, seed=spec.seed, notify=notify)
    runtime = choose_runtime(spec.runtime, model)
    # before the strategy changes the model: an objective may keep a copy of the pretrained one
    objective = build_objective(spec.objective, model, runtime)
    with global_stream(spec.seed, "strategy", device=torch.device("cpu")):
        model.backbone = catalog.find("strategies", spec.strategy.kind).load()(model.backbone, spec.strategy)
    _check_batch(spec, model, len(dataset.train))
    model = model.to(runtime.device, memory_format=runtime.memory_format)
    if spec.runtime.compile and (why := compile_model(model, runtime, image_size)):
        notify(why)
    optimizer = build_optimizer(model, model.backbone.get_classifier(), spec.optim)
    tracked = stratified(dataset.validation, spec.evaluation.eval_size, seed=0)
    return Job(spec, dataset.to(runtime.device), tracked.to(runtime.device), model, optimizer, runtime, objective)


def _notes(spec: RunSpec, classes: int) -> list[str]:
    """Return what this run does otherwise than asked, for its log."""
    notes = [grid_note(spec)] if grid_note(spec) else []
    if classes < DLR_CLASSES and "apgd_dlr" in (spec.attack.kind, spec.evaluation.attack):
        notes.append(f"the DLR loss needs {DLR_CLASSES} classes and there are {classes}: APGD-DLR attacks the margin of the two logits instead")
    return notes


def _check_batch(spec: RunSpec, model: nn.Module, images: int) -> None:
    """One image has no spread that a batch norm could measure; frozen ones do not measure."""
    if min(spec.optim.batch_size, images) == 1 and trains_statistics(model):
        raise SettingError(
            "optim.batch_size",
            spec.optim.batch_size,
            "must be at least 2, with as many training images, where batch norms are trained; raise it, or choose a strategy that freezes them, such as bitfit",
        )


def _keep(job: Job, evaluation: Evaluation, reporter: Reporter) -> None:
    """Write the weights and the per-example verdicts, so that runs can be paired image by image later."""
    weights = reporter.folder / WEIGHTS_FILE
    write_tensors(weights, job.model.state_dict(), {"backbone": job.spec.model.backbone})
    verdicts = reporter.folder / VERDICTS_FILE
    np.savez_compressed(verdicts, epsilons=np.array(evaluation.epsilons), verdicts=evaluation.verdicts, labels=job.dataset.test.labels.cpu().numpy())
    reporter.artifact(weights, "weights")
    reporter.artifact(verdicts, REPORT_KIND)


def _report(job: Job, progress: Progress, evaluation: Evaluation, reporter: Reporter, status: str) -> RunReport:
    rows: list[dict[str, Any]] = progress.tracked
    trainable, total = count_parameters(job.model)
    return RunReport(
        run_id=reporter.run_id,
        status=status,
        seconds=progress.seconds,
        images_per_second=progress.images / max(progress.training_seconds, 1e-9),
        curve=evaluation.curve,
        onset=progress.onset(job.dataset.num_classes),
        trainable_parameters=trainable,
        total_parameters=total,
        images_digest=job.dataset.test.digest(),
        gradient_evaluations=progress.gradient_evaluations,
        hypervolume=hypervolume(np.array([[row["clean"], row["robust"]] for row in rows])),
        transfer_failure=is_transfer_failure(evaluation.curve.clean_accuracy, job.dataset.num_classes),
        machine=job.runtime.describe() | {"torch": torch.__version__, "classes": job.dataset.num_classes},
        parameter_map=where(job.model),
    )
