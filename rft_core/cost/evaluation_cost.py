"""What an evaluation will cost, known before it starts: gradient evaluations, and with a
measured rate the seconds.

From the run's own robustness curve follows how many images fall at which point of the grid, and
from that how often the search of the evaluation attacks them and with what success.
"""

from collections.abc import Sequence

import numpy as np

from rft_core.metrics.curve import RobustnessCurve
from rft_core.spec import catalog

# a prediction costs the forward pass of a gradient evaluation, which has a
# backward pass of twice that
PREDICTION = 1 / 3
# steps that a successful walk takes, as a share of all; an image that falls needs about this once
# in all its smaller balls
SUCCESS = 0.5
# the standard version of AutoAttack: steps of each attack, targets, queries of Square; a
# step of FAB costs three
STANDARD_STEPS, TARGETS, FAB_STEP, QUERIES, TARGETED_CLASSES = 100, 9, 3, 5000, 4
# per image: PGD-10 at every epsilon; beside that once PGD-40 at a huge one, and searches of the
# grid by the reported attack, APGD on the margin, APGD-CE + T, PGD-10, PGD-40, FGSM and, twice, the
# 300 queries of Square
HONESTY_IMAGES, HONESTY_POINT, HONESTY = (
    150,
    10,
    40 + 30 + 20 + 30 + 15 + 50 + 3 + 2 * 300 * PREDICTION,
)
# 12 pictures at 6 epsilons, 20 steps each
PICTURES = 12 * 6 * 20
# starting a process, loading model and images
START_SECONDS = 8.0


def estimate_evaluation(
    curve: RobustnessCurve,
    epsilons: Sequence[float],
    images: int,
    *,
    attack: str,
    steps: int,
    classes: int,
    honesty: bool,
) -> float:
    """Return the expected gradient evaluations of an evaluation on `images` at
    `epsilons` (rising, from 0).

    AutoAttack costs an image that stands 100 (APGD-CE) + 100 T (targeted APGD) + 300 T (targeted
    FAB) + 5,000 / 3 (Square), T = min(9, classes - 1) targets, and one that falls at once 100.
    """
    accuracy = np.interp(epsilons, curve.epsilons, curve.accuracies)
    # images that are wrong without an attack cost nothing; the last share never falls
    shares = np.append(accuracy[:-1] - accuracy[1:], accuracy[-1])
    row = catalog.find("attacks", attack)
    if row.walk:
        steps = row.taken_steps(steps)
        parts = 1 + min(row.facts.get("targets", 0), classes - 1)
        each = [_walk(point, len(epsilons), steps, parts) for point in range(1, len(epsilons) + 1)]
    else:
        success, failure = attack_costs(attack, steps, classes)
        each = [
            fallen * success + stood * failure
            for fallen, stood in (
                bisection(point, len(epsilons)) for point in range(1, len(epsilons) + 1)
            )
        ]
    each_checked = HONESTY + HONESTY_POINT * len(epsilons)
    extra = PICTURES + (min(HONESTY_IMAGES, images) * each_checked if honesty else 0)
    return (
        float(images * (shares @ np.array(each)) + images * PREDICTION + extra)
        if len(epsilons) > 1
        else images * PREDICTION + extra
    )


def attack_costs(attack: str, steps: int, classes: int) -> tuple[float, float]:
    """Return what an attack with no walk costs one image that falls, and one that stands, in
    gradient evaluations.
    """
    targets = min(TARGETS, classes - 1)
    targeted = targets * STANDARD_STEPS * ((classes >= TARGETED_CLASSES) + FAB_STEP)
    if attack == "autoattack":
        return STANDARD_STEPS, STANDARD_STEPS + targeted + QUERIES * PREDICTION
    if attack == "square":
        queries = catalog.find("attacks", attack).taken_steps(steps)
        return queries * PREDICTION * SUCCESS, queries * PREDICTION
    # FAB takes the gradient of every class at every step; neither FAB nor CW ends early
    return (steps * classes,) * 2 if attack == "fab" else (steps, steps)


def bisection(point: int, count: int) -> tuple[int, int]:
    """Return how many attacks succeed and fail until an image that first falls at grid point
    `point` (`count`: never) is settled.

    The largest ball comes first, then halves, as in the search of the engine.
    """
    low, high, fallen, stood = 0, count, 0, 0
    while high - low > 1:
        middle = count - 1 if high == count else (low + high) // 2
        if point <= middle:
            high, fallen = middle, fallen + 1
        else:
            low, stood = middle, stood + 1
    return fallen, stood


def _walk(point: int, count: int, steps: int, parts: int) -> float:
    """An image costs the one walk that fails below its point, unless that is the first, and the
    steps of its successes.

    A walk of several `parts` fails after all of them; most of its successes come in the first.
    """
    return (steps + 1) * (parts * (point > 1) + SUCCESS * (point < count))
