"""What a run will do and cost, known before it starts: epsilon over training, and an
estimate of its time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from rft_core.cost.known_sizes import known_sizes
from rft_core.cost.schedule_demand import attacked_share
from rft_core.cost.tracking_plan import (
    Sizes,
    final_cost,
    measurement_cost,
    planned_count,
    requested_count,
    steps_per_epoch,
    training_cost,
)
from rft_core.files.home import WEIGHTS
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec

UNMEASURED = "nothing like it has run here yet"
# loading, building, choosing images: what a run takes before its first step and after its last
START_SECONDS = 1.0
# runs that differ by no more than this factor are of a like size
LIKE_SIZE = 3.0


@dataclass(frozen=True)
class Cost:
    """An estimate: gradient evaluations (examples x steps), their share of a constant
    schedule's, seconds or None.

    `tracking_share` is the part of them that goes into measuring while it trains. `measurements`
    are made of the `requested` number, where the bound on that share leaves some out.
    """

    gradient_evaluations: float
    share_of_constant: float
    tracking_share: float
    measurements: int
    requested: int
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


def estimate(spec: RunSpec, paces: Sequence[Pace] = ()) -> Cost | None:
    """Return the cost of `spec`, or None when its number of images is not known yet.

    `paces` are earlier runs like it on this machine, the most similar first: their time includes
    what the count leaves out. The first of a similar size is taken, else the nearest in size,
    because a short run spends most of its time on starting. Without any the rate comes from the
    embedded backbone's card, which names the machine it was measured on.
    """
    sizes = known_sizes(spec)
    if sizes is None:
        return None
    attacked = attacked_share(spec)
    training, tracking, final = _count(spec, sizes, attacked)
    total = training + tracking + final
    constant = sum(_count(spec, sizes, 1.0))
    spent = [_spent(pace) for pace in paces]
    if not spent:
        rate, basis = card_rate(spec.model.backbone)
        seconds = total / rate if rate else None
    else:
        nearest = min(
            range(len(spent)),
            key=lambda index: (max(abs(log(total / spent[index])), log(LIKE_SIZE)), index),
        )
        pace, basis = paces[nearest], paces[nearest].basis
        seconds = START_SECONDS + max(pace.seconds - START_SECONDS, 0.0) * total / spent[nearest]
    steps = steps_per_epoch(sizes.train, spec.optim.batch_size) * spec.optim.epochs
    return Cost(
        total,
        total / constant,
        tracking / total,
        planned_count(spec, sizes, attacked),
        requested_count(spec, steps),
        seconds,
        basis,
    )


def _spent(pace: Pace) -> float:
    """Return the count of an earlier run in the unit of an estimate; its own count where its
    images are not known.
    """
    sizes = known_sizes(pace.spec)
    if sizes is None:
        return max(pace.gradient_evaluations, 1.0)
    return max(sum(_count(pace.spec, sizes, attacked_share(pace.spec))), 1.0)


def _count(spec: RunSpec, sizes: Sizes, attacked: float) -> tuple[float, float, float]:
    """Return gradient evaluations of training, of measuring while it trains, and of the final
    measurement, with a share `attacked` of the steps.
    """
    tracked = planned_count(spec, sizes, attacked) * measurement_cost(spec, sizes, attacked)
    return training_cost(spec, sizes, attacked), tracked, final_cost(spec, sizes, attacked)


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
