"""What a schedule asks for over training, known before it starts: epsilon, and attacks."""

from collections.abc import Callable
from dataclasses import dataclass

from rft_core.cost.known_sizes import train_images
from rft_core.cost.tracking_plan import steps_per_epoch
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.schedules import Moment, factor_at
from rft_core.spec.sections import ScheduleSpec

# points at which the factor of a longer run is evaluated
MOST_POINTS = 2000


def factors(spec: RunSpec, count: int = 200) -> tuple[list[float], list[float]]:
    """Return (progress, factor) at `count` + 1 points from 0 to 1.

    A schedule that depends on what is measured is drawn as its forecast.
    """
    at = _factor_of(spec)
    progress = [index / count for index in range(count + 1)]
    return progress, [at(p) for p in progress]


def _factor_of(spec: RunSpec) -> Callable[[float], float]:
    settings, epochs = _foreseen(spec), spec.optim.epochs
    schedule = catalog.find("schedules", settings.kind).load()
    return lambda p: factor_at(
        schedule, settings, Moment(p, min(epochs - 1, int(p * epochs)), epochs, spec.seed)
    )


def epoch_factors(spec: RunSpec) -> list[float]:
    """Return the factor at the start of each epoch."""
    settings, epochs = _foreseen(spec), spec.optim.epochs
    schedule = catalog.find("schedules", settings.kind).load()
    return [
        factor_at(schedule, settings, Moment(epoch / epochs, epoch, epochs, spec.seed))
        for epoch in range(epochs)
    ]


def is_decided_while_training(spec: RunSpec) -> bool:
    """Return whether only training can tell when epsilon rises, and it lasts long enough for
    that.
    """
    return _schedule_row(spec).watches_validation and not never_rises(spec)


def never_rises(spec: RunSpec) -> bool:
    """Return whether training ends before a schedule that looks at validation accuracy can rise, so
    that the run never attacks: `auto` takes `patience` + 1 epochs and one more.
    """
    if not _schedule_row(spec).watches_validation:
        return False
    points = _schedule_row(spec).load_forecast()(spec.schedule, spec.optim.epochs)
    return all(factor <= 0 for _, factor in points)


def _foreseen(spec: RunSpec) -> ScheduleSpec:
    """Return the schedule without what only training can tell: one that looks at validation
    accuracy is drawn through the points of its forecast.
    """
    row = _schedule_row(spec)
    if not row.watches_validation:
        return spec.schedule
    ramp = row.load_forecast()(spec.schedule, spec.optim.epochs)
    return spec.schedule.model_copy(update={"kind": "custom", "points": ramp})


def _schedule_row(spec: RunSpec) -> catalog.ScheduleRow:
    return catalog.find("schedules", spec.schedule.kind)


@dataclass(frozen=True)
class Demand:
    """What a schedule asks for over training: shares of its steps without an attack and at full
    epsilon, the mean factor, and the number of steps, in all and without an attack (None where the
    number of images is not known).
    """

    clean_share: float
    full_share: float
    mean_factor: float
    total_steps: int | None
    clean_steps: int | None


def demand(spec: RunSpec, images: int | None = None) -> Demand:
    """Return what the schedule of `spec` asks for.

    An attack costs the same at every factor above 0, so the share of steps without one is also the
    share of a constant schedule's attack cost that is saved.

    Exact up to `MOST_POINTS` steps, sampled at that many points beyond; forecasts as in `factors`.
    `images` is the number of images of an epoch, where it is known better than from the spec.
    """
    total = _total_steps(spec, images)
    count = min(total or MOST_POINTS, MOST_POINTS)
    # the last point is the end of training: no step begins there
    values = factors(spec, count)[1][:-1]
    clean, full = (sum(value == wanted for value in values) / count for wanted in (0.0, 1.0))
    return Demand(
        clean, full, sum(values) / count, total, None if total is None else round(clean * total)
    )


def _total_steps(spec: RunSpec, images: int | None = None) -> int | None:
    images = train_images(spec) if images is None else images
    if images is None:
        return None
    return steps_per_epoch(images, spec.optim.batch_size) * spec.optim.epochs


def never_attacks(spec: RunSpec) -> bool:
    """Return whether no step of the run attacks: whether `attacked_share` is 0, decided faster
    where the run attacks at its end.
    """
    if not may_attack(spec):
        return True
    count, at = min(_total_steps(spec) or MOST_POINTS, MOST_POINTS), _factor_of(spec)
    return all(at(index / count) == 0 for index in reversed(range(count)))


def may_attack(spec: RunSpec) -> bool:
    """Return whether objective and target leave anything to attack for, whatever the schedule."""
    return catalog.find("objectives", spec.objective.kind).attacks and spec.threat.epsilon > 0


def attacked_share(spec: RunSpec, images: int | None = None) -> float:
    """Return the share of the training steps that attack; `images` as in `demand`."""
    return 0.0 if not may_attack(spec) else 1 - demand(spec, images).clean_share
