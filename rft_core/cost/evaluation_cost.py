"""What an evaluation will cost, known before it starts: gradient evaluations, and with a
measured rate the seconds.

From the run's own robustness curve follows how many images fall at which point of the grid, and
from that how often the search of the evaluation attacks them and with what success.
"""

from collections.abc import Sequence

import numpy as np

from rft_core.metrics.curve import RobustnessCurve
from rft_core.spec import catalog
from rft_core.spec.menus.attacks import PREDICTION

# steps that an attack taken step by step needs where it succeeds, as a share of all; an image that
# falls needs about this once in all its smaller balls
SUCCESS = 0.5
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

    What an attack costs that is not taken step by step stands on its row.
    """
    accuracy = np.interp(epsilons, curve.epsilons, curve.accuracies)
    # images that are wrong without an attack cost nothing; the last share never falls
    shares = np.append(accuracy[:-1] - accuracy[1:], accuracy[-1])
    row = catalog.find("attacks", attack)
    steps = row.taken_steps(steps)
    if row.stepwise:
        parts = 1 + min(row.targets, classes - 1)
        each = [
            _stepwise(point, len(epsilons), steps, parts) for point in range(1, len(epsilons) + 1)
        ]
    else:
        success, failure = row.cost(steps, classes)
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


def _stepwise(point: int, count: int, steps: int, parts: int) -> float:
    """An image costs the one attack that fails below its point, unless that is the first, and the
    steps of its successes.

    An attack of several `parts` fails after all of them; most of its successes come in the first.
    """
    return (steps + 1) * (parts * (point > 1) + SUCCESS * (point < count))
