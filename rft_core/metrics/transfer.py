"""Task adaptation: when a run starts to learn its task.

Source: Ngnawé et al., ICLR 2026, section 3 (task-adaptation onset: validation clean accuracy above 5 %). That absolute
threshold says nothing on few classes, so it is chance + 5 points where chance is above 1 %.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

ABSOLUTE_THRESHOLD = 0.05
SMALL_CHANCE = 0.01


@dataclass(frozen=True)
class Onset:
    """The first evaluation whose clean accuracy exceeds `threshold`: optimiser steps, epochs, the accuracy there."""

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


def onset(steps: Sequence[int], epochs: Sequence[float], accuracies: Sequence[float], num_classes: int) -> Onset | None:
    """Return the task-adaptation onset of a run, or None when it never adapted.

    Step 0 does not count: an untrained head above the threshold is luck of the draw, not adaptation.
    """
    threshold = onset_threshold(num_classes)
    for step, epoch, accuracy in zip(steps, epochs, accuracies):
        if step > 0 and accuracy > threshold:
            return Onset(int(step), float(epoch), float(accuracy), threshold)
    return None
