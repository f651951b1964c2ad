"""Tracking: measure a run while it trains; often at first, when it adapts, later rarely."""

import torch

from rft_core.cost.schedule_demand import attacked_share
from rft_core.cost.tracking_plan import Sizes, planned_steps
from rft_core.engine.data.dataset import Split, stratified
from rft_core.engine.job import Job
from rft_core.engine.measuring.evaluate import Evaluation, evaluate, predict
from rft_core.engine.measuring.followed_images import save_examples
from rft_core.engine.measuring.shifts import ShiftTracker
from rft_core.engine.models.modes import eval_mode
from rft_core.engine.reporter import Reporter
from rft_core.engine.training.progress import Progress
from rft_core.files import run_files
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.spec import catalog
from rft_core.spec.measured_by import spec_measured_by
from rft_core.spec.run_spec import RunSpec, epsilon_grid

TRACKED_POINTS = 5


def plan(job: Job) -> tuple[int, ...]:
    """Return the steps at which a run is measured, which only depend on its spec and the number of
    its images.
    """
    data = job.dataset
    sizes = Sizes(len(data.train), len(job.tracked), len(data.test), len(data.others))
    return planned_steps(job.spec, sizes, attacked_share(job.spec, sizes.train))


def tracked_epsilons(spec: RunSpec) -> tuple[float, ...]:
    """Return at most five epsilons of the final grid, including 0 and the last, for the live
    curve.
    """
    grid = epsilon_grid(spec)
    if len(grid) <= TRACKED_POINTS:
        return grid
    indices = [
        round(index * (len(grid) - 1) / (TRACKED_POINTS - 1)) for index in range(TRACKED_POINTS)
    ]
    return tuple(grid[index] for index in indices)


def tracking_attack(spec: RunSpec) -> str:
    """Return the attack of the live curve: the attack of the evaluation if it is quick, else PGD
    (AutoAttack would take hours).
    """
    return (
        "pgd"
        if catalog.find("attacks", spec.evaluation.attack).measures_only
        else spec.evaluation.attack
    )


def measure_split(job: Job, split: Split, epsilons: tuple[float, ...], attack: str) -> Evaluation:
    """Measure a run's model on `split` with the run's own steps, in float32."""
    spec = job.spec
    return evaluate(
        job.model,
        split,
        norm=spec.threat.norm,
        epsilons=epsilons,
        attack=attack,
        steps=spec.evaluation.steps,
        relative_step_size=spec.evaluation.relative_step_size,
        batch_size=job.measure_batch,
        memory_format=job.runtime.memory_format,
        folding=job.folding,
    )


def job_measured_by(job: Job, n: int, attack: str) -> MeasuredBy:
    """Return how `measure_split` measures `n` images under `attack`, for reports and events."""
    return spec_measured_by(job.spec, attack, n, job.dataset.num_classes)


class Tracker:
    """Measures the validation subset at the planned steps and reports it; the training stream is
    not touched.
    """

    def __init__(self, job: Job, progress: Progress, reporter: Reporter):
        self.job, self.progress, self.reporter = job, progress, reporter
        self.steps = frozenset(plan(job))
        self.images_digest = job.tracked.digest()
        schedule = catalog.find("schedules", job.spec.schedule.kind)
        self.watches_validation = schedule.watches_validation
        self.shifts = ShiftTracker(job) if job.spec.evaluation.track_shifts else None
        self.followed = (
            stratified(job.dataset.test, job.spec.evaluation.examples, seed=2)
            if job.spec.evaluation.examples
            else None
        )

    def measure_if_due(self, step: int) -> None:
        """Measure if `step` is planned; keep the clean accuracy at the start of every epoch for a
        schedule that depends on it.
        """
        if step in self.steps:
            self.measure(step)
        epoch, batch = divmod(step, self.job.steps_per_epoch)
        if self.watches_validation and batch == 0 and len(self.progress.validation) < epoch:
            self.progress.validation.append(self._clean_accuracy())

    def measure(self, step: int) -> None:
        """Report accuracy at a few epsilons and the followed images, at most once for each step."""
        if self.progress.tracked and self.progress.tracked[-1]["step"] >= step:
            return
        job, spec = self.job, self.job.spec
        epoch = step / job.steps_per_epoch
        measured = measure_split(job, job.tracked, tracked_epsilons(spec), tracking_attack(spec))
        curve = measured.curve
        self.progress.gradient_evaluations += measured.gradient_evaluations
        self.progress.tracked.append(
            {
                "step": step,
                "epoch": epoch,
                "clean": curve.clean_accuracy,
                "robust": curve.accuracies[-1],
            }
        )
        payload = {
            "curve": curve.points(),
            "measured_by": job_measured_by(job, curve.n, tracking_attack(spec)).as_dict(),
            "expected_robustness": curve.expected_robustness,
            "gradient_evaluations": self.progress.gradient_evaluations,
            "images_digest": self.images_digest,
        }
        if self.shifts:
            payload["shifts"] = self.shifts.measure()
        self.reporter.event("eval", step, epoch, payload)
        self._note_onset(step, epoch)
        self._save_examples(step, epoch)

    def _note_onset(self, step: int, epoch: float) -> None:
        adapted = self.progress.onset(self.job.dataset.num_classes)
        if adapted is not None and adapted.step == step:
            self.reporter.event("onset", step, epoch, adapted.as_dict())

    def _save_examples(self, step: int, epoch: float) -> None:
        if self.followed is None:
            return
        threat, folder = self.job.spec.threat, self.reporter.folder / run_files.EXAMPLES
        path = folder / f"{step:07d}.npz"
        try:
            folder.mkdir(exist_ok=True)
            save_examples(
                path,
                self.job.model,
                self.followed,
                norm=threat.norm,
                epsilon=threat.epsilon,
                steps=self.job.spec.evaluation.steps,
            )
        except OSError as error:
            text = (
                f"the example images of step {step} could not be written"
                f" ({error.strerror or error}); training goes on without them, free some space"
            )
            self.reporter.event("log", step, epoch, {"text": text})
            return
        self.reporter.artifact(path, run_files.EXAMPLES_KIND)
        self.reporter.event(
            "examples",
            step,
            epoch,
            {
                "file": f"{run_files.EXAMPLES}/{path.name}",
                "class_names": list(self.job.dataset.class_names),
            },
        )

    def _clean_accuracy(self) -> float:
        with eval_mode(self.job.model), torch.no_grad():
            right = (
                predict(
                    self.job.model,
                    self.job.tracked,
                    self.job.measure_batch,
                    self.job.runtime.memory_format,
                ).argmax(1)
                == self.job.tracked.labels
            )
        return right.float().mean().item()
