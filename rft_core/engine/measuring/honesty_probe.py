"""The input of an honesty check (Probe), and its result (Finding)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.attacks.stepwise import StepwiseAttack
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring.evaluate import evaluate
from rft_core.units import format_epsilon

BATCH, STEPS = 128, 10


@dataclass(frozen=True)
class Finding:
    """The result of a check: name, "green", "amber" or "red", the reason, and the accuracies."""

    name: str
    level: str
    reason: str
    values: dict[str, float]


@dataclass(frozen=True)
class Probe:
    """A model and a few images, and the accuracies that the checks need."""

    model: nn.Module
    split: Split
    norm: str
    epsilons: tuple[float, ...]
    attack: str
    steps: int
    batch: int
    measured: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield pixels and labels, `batch` images at a time."""
        for start in range(0, len(self.split), self.batch):
            part = slice(start, start + self.batch)
            yield as_pixels(self.split.fetch(part)), self.split.labels[part]

    def under_pgd(self, epsilon: float, steps: int) -> float:
        """Return the accuracy under PGD at `epsilon` alone."""
        right = 0
        for images, labels in self.batches():
            attacked = images
            if epsilon > 0:
                attacked = pgd(
                    self.model, images, labels, norm=self.norm, epsilon=epsilon, steps=steps
                )
            with torch.no_grad():
                right += (self.model(attacked).argmax(1) == labels).sum().item()
        return right / len(self.split)

    def curve(
        self, attack: str, steps: int, stepwise: StepwiseAttack | None = None
    ) -> tuple[float, ...]:
        """Return accuracy at each of `epsilons` under an attack, measured like every evaluation;
        the result is cached.
        """
        name = f"{attack} {steps} {stepwise is not None}"
        if name not in self.measured:
            found = evaluate(
                self.model,
                self.split,
                norm=self.norm,
                epsilons=(0.0, *self.epsilons),
                steps=steps,
                attack=attack,
                stepwise=stepwise,
                batch_size=self.batch,
            )
            self.measured[name] = found.curve.accuracies[1:]
        return self.measured[name]

    def noise(self, accuracy: float) -> float:
        """Return two standard errors of an accuracy on these images, at least one image."""
        n = len(self.split)
        return max(1 / n, 2 * sqrt(accuracy * (1 - accuracy) / n))

    def at(self, index: int) -> str:
        """Return the epsilon of the grid point as text."""
        return format_epsilon(self.epsilons[index], self.norm)

    def widest(self, upper: Sequence[float], lower: Sequence[float]) -> int:
        """Return the grid point where `upper` is furthest above `lower`."""
        gaps = [high - low for high, low in zip(upper, lower)]
        return gaps.index(max(gaps))
