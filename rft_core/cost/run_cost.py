"""What a run will do and cost, known before it starts: epsilon over training, and an
estimate of its time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from rft_core.cost.tracking_plan import (
    Sizes,
    asked_count,
    final_cost,
    measurement_cost,
    planned_count,
    steps_per_epoch,
    training_cost,
)
from rft_core.files.home import WEIGHTS
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.schedules import Moment, factor_at
from rft_core.spec.sections import ScheduleSpec

UNMEASURED = "nothing like it has run here yet"
# where the factor of a longer run is looked at
MOST_PLACES = 2000


# loading, building, choosing images: what a run takes before its first step and after its last
START_SECONDS = 1.0
# runs that differ by no more than this factor are of a like size
LIKE_SIZE = 3.0
# test images of the final curve and validation images where their number is not known
TEST_IMAGES, MOST_TRACKED = 1000, 500


@dataclass(frozen=True)
class Cost:
    """An estimate: gradient evaluations (examples x steps), their share of a constant
    schedule's, seconds or None.

    `tracking_share` is the part of them that goes into measuring while it trains: `measurements` of
    the `asked` ones, where the bound on that share leaves some out.
    """

    gradient_evaluations: float
    share_of_constant: float
    tracking_share: float
    measurements: int
    asked: int
    seconds: float | None
    basis: str


@dataclass(frozen=True)
class Pace:
    """How long an earlier run took: its spec, its seconds, its counted gradient evaluations,
    and what to call it.
    """

    spec: RunSpec
    seconds: float
    gradient_evaluations: float
    basis: str


def factors(spec: RunSpec, count: int = 200) -> tuple[list[float], list[float]]:
    """Return (progress, factor) at `count` + 1 places from 0 to 1.

    A schedule that depends on what is measured is drawn as its forecast.
    """
    settings, epochs = _foreseen(spec), spec.optim.epochs
    schedule = catalog.find("schedules", settings.kind).load()
    progress = [place / count for place in range(count + 1)]
    return progress, [
        factor_at(
            schedule, settings, Moment(p, min(epochs - 1, int(p * epochs)), epochs, spec.seed)
        )
        for p in progress
    ]


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

    Exact up to `MOST_PLACES` steps, at that many places beyond; forecasts as in `factors`. `images`
    are those of an epoch, where more is known of them than the spec tells.
    """
    images = train_images(spec) if images is None else images
    total = (
        None
        if images is None
        else steps_per_epoch(images, spec.optim.batch_size) * spec.optim.epochs
    )
    count = min(total or MOST_PLACES, MOST_PLACES)
    # the last place is the end of training: no step begins there
    values = factors(spec, count)[1][:-1]
    clean, full = (sum(value == wanted for value in values) / count for wanted in (0.0, 1.0))
    return Demand(
        clean, full, sum(values) / count, total, None if total is None else round(clean * total)
    )


def train_images(spec: RunSpec) -> int | None:
    """Return the number of training images, or None where it is known only after loading."""
    if ":" in spec.data.dataset:
        return spec.data.train_size
    available = catalog.find("datasets", spec.data.dataset).facts.get("train")
    return min(available, spec.data.train_size) if available and spec.data.train_size else available


def estimate(spec: RunSpec, paces: Sequence[Pace] = ()) -> Cost | None:
    """Return the cost of `spec`, or None when its number of images is not known yet.

    `paces` are earlier runs like it on this machine, the likest first: what the count leaves out is
    in their time. The first of a like size is taken, else the one nearest in size, because what a
    short run takes is mostly its start. Without any the embedded backbone's card is asked, which
    names the machine it was measured on.
    """
    counted = _count(spec, attacked_share(spec))
    if counted is None:
        return None
    training, tracking, final = counted
    total = training + tracking + final
    constant = sum(_count(spec, 1.0))
    sizes = [_spent(pace) for pace in paces]
    if not sizes:
        rate, basis = card_rate(spec.model.backbone)
        seconds = total / rate if rate else None
    else:
        place = min(
            range(len(sizes)),
            key=lambda one: (max(abs(log(total / sizes[one])), log(LIKE_SIZE)), one),
        )
        pace, basis = paces[place], paces[place].basis
        seconds = START_SECONDS + max(pace.seconds - START_SECONDS, 0.0) * total / sizes[place]
    known = known_sizes(spec)
    made, steps = (
        planned_count(spec, known, attacked_share(spec)),
        steps_per_epoch(known.train, spec.optim.batch_size) * spec.optim.epochs,
    )
    return Cost(
        total, total / constant, tracking / total, made, asked_count(spec, steps), seconds, basis
    )


def _spent(pace: Pace) -> float:
    """Return the count of an earlier run in the unit of an estimate; its own count where its
    images are not known.
    """
    counted = _count(pace.spec, attacked_share(pace.spec))
    return max(sum(counted) if counted else pace.gradient_evaluations, 1.0)


def may_attack(spec: RunSpec) -> bool:
    """Return whether objective and target leave anything to attack for, whatever the schedule."""
    return catalog.find("objectives", spec.objective.kind).attacks and spec.threat.epsilon > 0


def attacked_share(spec: RunSpec, images: int | None = None) -> float:
    """Return the share of the training steps that attack; `images` as in `demand`."""
    return 0.0 if not may_attack(spec) else 1 - demand(spec, images).clean_share


def _count(spec: RunSpec, attacked: float) -> tuple[float, float, float] | None:
    """Return gradient evaluations of training, of measuring while it trains, and of the final
    measurement, with a share `attacked` of the steps.
    """
    known = known_sizes(spec)
    if known is None:
        return None
    tracked = planned_count(spec, known, attacked) * measurement_cost(spec, known, attacked)
    return training_cost(spec, known, attacked), tracked, final_cost(spec, known, attacked)


def known_sizes(spec: RunSpec) -> Sizes | None:
    """Return the images of `spec` as far as they are known before loading, usual numbers for the
    rest; None without those to train on.
    """
    images = train_images(spec)
    if images is None:
        return None
    domains = (
        () if ":" in spec.data.dataset else catalog.find("datasets", spec.data.dataset).domains
    )
    others = max(0, len(domains) - max(1, len(spec.data.domains)))
    validation = (
        MOST_TRACKED
        if ":" in spec.data.dataset
        else catalog.find("datasets", spec.data.dataset).facts.get("validation", MOST_TRACKED)
    )
    return Sizes(
        images, min(spec.evaluation.eval_size or validation, validation), test_images(spec), others
    )


def test_images(spec: RunSpec) -> int:
    """Return the number of test images, a usual one where it is known only after loading."""
    available = (
        TEST_IMAGES
        if ":" in spec.data.dataset
        else catalog.find("datasets", spec.data.dataset).facts.get("test", TEST_IMAGES)
    )
    return min(available, spec.data.eval_size or available)


def card_rate(backbone: str) -> tuple[float | None, str]:
    """Return (gradient evaluations a second, where it was measured) from an
    embedded backbone's card.
    """
    # the name of a backbone is anybody's text, and must not lead to another file
    if not any(row.name == backbone for row in catalog.choices("backbones")):
        return None, UNMEASURED
    try:
        measured = json.loads((WEIGHTS / f"{backbone}.json").read_text())["measured"]
        rate, threads = (
            measured["gradient_evaluations"] / measured["seconds"],
            measured["machine"]["threads"],
        )
        return (
            rate,
            (
                f"{backbone} on {threads} CPU {'thread' if threads == 1 else 'threads'} of another"
                " machine"
            ),
        )
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None, UNMEASURED
