"""What a run will do and cost, known before it starts: epsilon over training, and an estimate of its time."""

import json
from dataclasses import dataclass

from rft_core import catalog
from rft_core.home import WEIGHTS
from rft_core.schedules import Moment, factor_at
from rft_core.sections import ScheduleSpec
from rft_core.spec import RunSpec, epsilon_grid

# a weight update costs its own forward pass and both backward passes, an attack step one of them less
UPDATE_COST = 1.5
# bisection with early exit: what a curve took, in full attacks an image (measured on the embedded models)
CURVE_COST = 1.5
UNMEASURED = "nothing like it has run here yet"
# where the factor of a longer run is looked at
MOST_PLACES = 2000


@dataclass(frozen=True)
class Cost:
    """An estimate: gradient evaluations (examples x steps), their share of a constant schedule's, seconds or None."""

    gradient_evaluations: float
    share_of_constant: float
    seconds: float | None
    basis: str


def factors(spec: RunSpec, count: int = 200) -> tuple[list[float], list[float]]:
    """Return (progress, factor) at `count` + 1 places from 0 to 1.

    For `auto`, which depends on what is measured, convergence is assumed after a quarter of training.
    """
    settings, epochs = _foreseen(spec), spec.optim.epochs
    schedule = catalog.find("schedules", settings.kind).load()
    progress = [place / count for place in range(count + 1)]
    return progress, [factor_at(schedule, settings, Moment(p, min(epochs - 1, int(p * epochs)), epochs, spec.seed)) for p in progress]


def epoch_factors(spec: RunSpec) -> list[float]:
    """Return the factor at the start of each epoch."""
    settings, epochs = _foreseen(spec), spec.optim.epochs
    schedule = catalog.find("schedules", settings.kind).load()
    return [factor_at(schedule, settings, Moment(epoch / epochs, epoch, epochs, spec.seed)) for epoch in range(epochs)]


def _foreseen(spec: RunSpec) -> ScheduleSpec:
    """Return the schedule without what only training can tell: `auto` is drawn as the ramp that follows from the assumed convergence."""
    if spec.schedule.kind != "auto":
        return spec.schedule
    # sooner than after `patience` epochs it cannot be known
    converged = max(spec.schedule.patience + 1, round(spec.optim.epochs / 4))
    ramp = ((converged / spec.optim.epochs, 0.0), (1.0, 1.0)) if converged < spec.optim.epochs else ((0.0, 0.0),)
    return spec.schedule.model_copy(update={"kind": "custom", "points": ramp})


@dataclass(frozen=True)
class Demand:
    """What a schedule asks for over training: shares of its steps without an attack and at full epsilon, the mean factor, and
    the number of steps, in all and without an attack (None where the number of images is not known)."""

    clean_share: float
    full_share: float
    mean_factor: float
    total_steps: int | None
    clean_steps: int | None


def demand(spec: RunSpec) -> Demand:
    """Return what the schedule of `spec` asks for. An attack costs the same at every factor above 0, so the share of steps without
    one is also the share of a constant schedule's attack cost that is saved.

    Exact up to `MOST_PLACES` steps, at that many places beyond; `auto` and its assumption as in `factors`.
    """
    images = train_images(spec)
    total = None if images is None else max(1, images // spec.optim.batch_size) * spec.optim.epochs
    count = min(total or MOST_PLACES, MOST_PLACES)
    # the last place is the end of training: no step begins there
    values = factors(spec, count)[1][:-1]
    clean, full = (sum(value == wanted for value in values) / count for wanted in (0.0, 1.0))
    return Demand(clean, full, sum(values) / count, total, None if total is None else round(clean * total))


def train_images(spec: RunSpec) -> int | None:
    """Return the number of training images, or None where it is known only after loading."""
    if ":" in spec.data.dataset:
        return spec.data.train_size
    available = catalog.find("datasets", spec.data.dataset).facts.get("train")
    return min(available, spec.data.train_size) if available and spec.data.train_size else available


def estimate(spec: RunSpec, rate: float | None = None, basis: str = "") -> Cost | None:
    """Return the cost of `spec`, or None when its number of images is not known yet.

    `rate` is measured gradient evaluations a second of earlier runs like it; without one the embedded backbone's card
    is asked, which names the machine it was measured on.
    """
    images = train_images(spec)
    if images is None:
        return None
    updates = images * spec.optim.epochs
    attacked = 0.0 if spec.objective.kind == "natural" or spec.threat.epsilon == 0 else 1 - demand(spec).clean_share
    moments = {"dense_early": spec.evaluation.tracking, "paper": 19, "every_epoch": spec.optim.epochs + 1}[spec.evaluation.tracking_kind]
    measured = moments * (spec.evaluation.eval_size or 500) + 1000
    evaluation = measured * spec.evaluation.steps * CURVE_COST * (1.0 if attacked else 0.4) * (len(epsilon_grid(spec)) > 1)
    total = updates * (UPDATE_COST + attacked * spec.attack.steps) + evaluation
    constant = updates * (UPDATE_COST + spec.attack.steps) + measured * spec.evaluation.steps * CURVE_COST
    if rate is None:
        rate, basis = card_rate(spec.model.backbone)
    return Cost(total, total / constant, total / rate if rate else None, basis)


def card_rate(backbone: str) -> tuple[float | None, str]:
    """Return (gradient evaluations a second, where it was measured) from an embedded backbone's card."""
    # the name of a backbone is anybody's text, and must not lead to another file
    if not any(row.name == backbone for row in catalog.BACKBONES):
        return None, UNMEASURED
    try:
        measured = json.loads((WEIGHTS / f"{backbone}.json").read_text())["measured"]
        rate, threads = measured["gradient_evaluations"] / measured["seconds"], measured["machine"]["threads"]
        return rate, f"{backbone} on {threads} CPU {'thread' if threads == 1 else 'threads'} of another machine"
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None, UNMEASURED
