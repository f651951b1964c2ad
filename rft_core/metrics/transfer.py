"""Task adaptation: when a run starts to learn its task, and what it lost against
standard fine-tuning.

Source: Ngnawé et al., ICLR 2026, section 3 (task-adaptation onset: validation clean accuracy above
5 %; suboptimal transfer: clean accuracy substantially below that of standard fine-tuning; failure:
near random, below 5 %). The paper puts no number on "substantially"; ours is SUBSTANTIAL_GAP. The
absolute 5 % says nothing on few classes, so it is chance + 5 points where chance is above 1 %, for
onset and failure alike.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rft_core.errors import UserError
from rft_core.metrics.curve import Z_95, wilson_interval

ABSOLUTE_THRESHOLD = 0.05
SMALL_CHANCE = 0.01
# half of the smallest drop that the paper's sweep calls suboptimal at 4/255 (10 points), above the
# noise of 1,000 images
SUBSTANTIAL_GAP = 0.05


@dataclass(frozen=True)
class Onset:
    """The first evaluation whose clean accuracy exceeds `threshold`: optimiser steps,
    epochs, the accuracy there.
    """

    step: int
    epoch: float
    accuracy: float
    threshold: float

    def as_dict(self) -> dict[str, float]:
        """Return the four fields as plain data."""
        return asdict(self)


def onset_threshold(num_classes: int) -> float:
    """Return the clean accuracy (fraction) above which a run counts as adapted to its task."""
    chance = 1 / num_classes
    return min(1.0, chance + ABSOLUTE_THRESHOLD) if chance > SMALL_CHANCE else ABSOLUTE_THRESHOLD


def onset(
    steps: Sequence[int], epochs: Sequence[float], accuracies: Sequence[float], num_classes: int
) -> Onset | None:
    """Return the task-adaptation onset of a run, or None when it never adapted.

    Step 0 does not count: an untrained head above the threshold is luck of the
    draw, not adaptation.
    """
    threshold = onset_threshold(num_classes)
    for step, epoch, accuracy in zip(steps, epochs, accuracies):
        if step > 0 and accuracy > threshold:
            return Onset(int(step), float(epoch), float(accuracy), threshold)
    return None


def transfer_gap(run_clean: float, standard_clean: float) -> float:
    """Return the clean accuracy (fraction) that a run lost against standard fine-tuning;
    negative when it gained.
    """
    return standard_clean - run_clean


def transfer_gap_interval(
    run_correct: int, run_n: int, standard_correct: int, standard_n: int, z: float = Z_95
) -> tuple[float, float]:
    """Return the interval of the transfer gap from counts of correct clean
    predictions; 95 % by default.

    Newcombe's hybrid score interval (1998, method 10) of two independent proportions. On the same
    test images the paired interval of `significance.paired_difference(standard, run)` is narrower:
    take it where verdicts are kept.
    """
    run, standard = run_correct / run_n, standard_correct / standard_n
    run_low, run_high = wilson_interval(run_correct, run_n, z)
    standard_low, standard_high = wilson_interval(standard_correct, standard_n, z)
    gap = transfer_gap(run, standard)
    return gap - math.hypot(standard - standard_low, run_high - run), gap + math.hypot(
        standard_high - standard, run - run_low
    )


def is_suboptimal_transfer(gap: float, low: float, threshold: float = SUBSTANTIAL_GAP) -> bool:
    """Whether clean accuracy is substantially (`gap` >= threshold) and significantly (`low` >
    0) below standard's.

    `gap` is `transfer_gap` and `low` the lower end of its 95 % interval, fractions. The two
    conditions are separate: a large gap on few images is not yet evidence, and a certain gap of one
    point is not a failure to transfer.
    """
    if not low <= gap:
        raise UserError(
            f"the lower end of the interval must not exceed the transfer gap, got low {low} and gap"
            f" {gap}"
        )
    return gap >= threshold and low > 0


def is_transfer_failure(clean_accuracy: float, num_classes: int) -> bool:
    """Whether a run did not learn its task: clean accuracy (fraction) below `onset_threshold`.

    On 100 classes or more this is the paper's 5 %; on fewer it is chance + 5 points ("near
    random"), 15 % on ten.
    """
    return clean_accuracy < onset_threshold(num_classes)
