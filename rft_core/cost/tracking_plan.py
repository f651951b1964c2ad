"""When a run is measured while it trains, and what part of the run that takes: counted before it
starts, never timed.

So equal specs are measured at equal steps, on every machine and after every interruption. The unit
is a gradient evaluation of one image; other passes are counted as parts of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from rft_core.metrics.shifts import CORRUPTIONS
from rft_core.spec import catalog
from rft_core.spec.menus.attacks import PREDICTION
from rft_core.spec.run_spec import RunSpec, epsilon_grid

# a weight update costs its own forward pass and both backward passes, an attack step one of them
# less
UPDATE_COST = 1.5
# bisection with early exit: what a curve took, in full attacks an image (measured on the embedded
# models), and its part where nothing defends
CURVE_COST, UNDEFENDED = 1.5, 0.4
# what each target of the final report's attack adds to that, as a share of it; an image that falls
# to the first costs no more
TARGET_COST, TARGET_UNDEFENDED = 0.6, 0.3
# kinds x severities of corruptions; images of each domain and corruption that are
# measured while a run trains
CORRUPTED_COPIES, SHIFTED_IMAGES = 75, 64
# the first and the last
FEWEST = 2


@dataclass(frozen=True)
class Sizes:
    """Images of a run: an epoch's, those measured while it trains and at its end; and the
    number of other domains.
    """

    train: int
    tracked: int
    test: int
    domains: int = 0


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Return the optimiser steps of an epoch over `images`; images that do not fill a batch are
    left out.
    """
    return max(1, images // batch_size)


def training_cost(spec: RunSpec, sizes: Sizes, attacked: float) -> float:
    """Return what training costs with a share `attacked` of its steps under attack."""
    passes = catalog.find("objectives", spec.objective.kind).passes
    steps = catalog.find("attacks", spec.attack.kind).taken_steps(spec.attack.steps)
    updates = sizes.train * spec.optim.epochs
    return updates * (UPDATE_COST * (1 - attacked) + attacked * (UPDATE_COST * passes + steps))


def measurement_cost(spec: RunSpec, sizes: Sizes, attacked: float) -> float:
    """Return what one measurement while training costs: the curve, the followed images, and the
    shifts where they are tracked.
    """
    evaluation = spec.evaluation
    followed = evaluation.examples * (evaluation.steps * (spec.threat.epsilon > 0) + 2 * PREDICTION)
    shifted = (
        min(SHIFTED_IMAGES, sizes.tracked) * (1 + len(CORRUPTIONS))
        + min(SHIFTED_IMAGES, evaluation.shift_size) * sizes.domains
    )
    return (
        sizes.tracked * _curve(spec, attacked)
        + followed
        + evaluation.track_shifts * shifted * PREDICTION
    )


def final_cost(spec: RunSpec, sizes: Sizes, attacked: float) -> float:
    """Return what the measurement at the end costs."""
    shifted = (
        spec.evaluation.shift_size * CORRUPTED_COPIES * PREDICTION
        if spec.evaluation.corruptions
        else 0.0
    )
    targets = catalog.find("attacks", spec.evaluation.attack).targets
    return sizes.test * _curve(spec, attacked, targets) + shifted


def _curve(spec: RunSpec, attacked: float, targets: int = 0) -> float:
    attacks = spec.evaluation.steps * CURVE_COST * (1.0 if attacked else UNDEFENDED)
    attacks *= 1 + targets * (TARGET_COST if attacked else TARGET_UNDEFENDED)
    return attacks * (len(epsilon_grid(spec)) > 1) + PREDICTION


def most_measurements(spec: RunSpec, sizes: Sizes, attacked: float) -> int | None:
    """Return how many measurements keep within `evaluation.tracking_share` of the whole run, at
    least two; None where there is no bound.

    n measurements of cost c beside a rest r have the share n c / (n c + r), so n is at most share
    / (1 - share) r / c.
    """
    share = spec.evaluation.tracking_share
    if share == 1:
        return None
    rest = training_cost(spec, sizes, attacked) + final_cost(spec, sizes, attacked)
    return max(FEWEST, floor(share / (1 - share) * rest / measurement_cost(spec, sizes, attacked)))


def planned_steps(spec: RunSpec, sizes: Sizes, attacked: float) -> tuple[int, ...]:
    """Return the steps at which a run is measured, the first (0) and the last always among them.

    `attacked` is the share of its training steps under attack. Where the settings ask for more
    than the bound allows, fewer are spaced in the same way.
    """
    each = steps_per_epoch(sizes.train, spec.optim.batch_size)
    total, most = each * spec.optim.epochs, most_measurements(spec, sizes, attacked)
    if spec.evaluation.tracking_kind == "dense_early":
        return evaluation_steps(
            total, min(spec.evaluation.tracking, most or spec.evaluation.tracking)
        )
    planned = (
        paper_steps(total)
        if spec.evaluation.tracking_kind == "paper"
        else tuple(range(0, total + 1, each))
    )
    return planned if most is None else thinned(planned, most)


def planned_count(spec: RunSpec, sizes: Sizes, attacked: float) -> int:
    """Return the number of `planned_steps`; fast even where there are a billion of them."""
    each = steps_per_epoch(sizes.train, spec.optim.batch_size)
    if spec.evaluation.tracking_kind == "dense_early":
        return len(planned_steps(spec, sizes, attacked))
    count, most = (
        requested_count(spec, each * spec.optim.epochs),
        most_measurements(spec, sizes, attacked),
    )
    return count if most is None else min(count, most)


def requested_count(spec: RunSpec, total: int) -> int:
    """Return the number of measurements that a run of `total` steps would have with no bound."""
    if spec.evaluation.tracking_kind == "every_epoch":
        return spec.optim.epochs + 1
    if spec.evaluation.tracking_kind == "paper":
        return sum(map(len, _paper_ranges(total))) + all(
            total not in steps for steps in _paper_ranges(total)
        )
    return len(evaluation_steps(total, spec.evaluation.tracking))


def evaluation_steps(total: int, count: int) -> tuple[int, ...]:
    """Return about `count` steps from 0 to `total`, both included, spaced quadratically:
    dense early, then sparse.
    """
    return tuple(sorted({round(total * (index / (count - 1)) ** 2) for index in range(count)}))


def paper_steps(total: int) -> tuple[int, ...]:
    """Return the tradeoff paper's steps: every 50 to 700, every 1,000 to 3,000, every 6,000 after;
    0 and the end too (Li et al., ICCV 2025).
    """
    return tuple(sorted({total}.union(*_paper_ranges(total))))


def thinned(steps: Sequence[int], most: int) -> tuple[int, ...]:
    """Return at most `most` (at least 2) of `steps`, evenly placed among them, the first
    and the last included.
    """
    if len(steps) <= most:
        return tuple(steps)
    return tuple(steps[round(index * (len(steps) - 1) / (most - 1))] for index in range(most))


def _paper_ranges(total: int) -> tuple[range, ...]:
    return (
        range(0, min(total, 700) + 1, 50),
        range(1000, min(total, 3000) + 1, 1000),
        range(6000, total + 1, 6000),
    )
