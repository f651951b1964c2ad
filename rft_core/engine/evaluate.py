"""Evaluation: per-example verdicts on a whole grid of epsilons, in one pass.

Balls are nested, so every example has one critical grid point where it first falls. Each example's point is found by
bisection; an attack ends as soon as its example falls, and the free place in the batch goes to the next example, so
batches stay full. An attack that fails at one epsilon is taken to fail at every smaller one; a perturbation that
succeeds counts for every ball it fits in. What is spent is counted in gradient evaluations (examples x steps).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.attacks.pgd import ascend, input_gradient, step_share
from rft_core.engine.data.dataset import Split
from rft_core.engine.modes import eval_mode
from rft_core.metrics.curve import RobustnessCurve

# a perturbation clamped to epsilon may exceed it by rounding
ROUNDING = 1 + 1e-5


@dataclass(frozen=True)
class Evaluation:
    """Verdicts bool (N, E): True where the example is classified rightly at that epsilon; and what they cost."""

    epsilons: tuple[float, ...]
    verdicts: np.ndarray
    gradient_evaluations: int

    @property
    def curve(self) -> RobustnessCurve:
        """The accuracies of the verdicts."""
        return RobustnessCurve.from_verdicts(self.epsilons, self.verdicts)


def evaluate(
    model: nn.Module,
    split: Split,
    *,
    norm: str,
    epsilons: Sequence[float],
    steps: int,
    relative_step_size: float | None = None,
    batch_size: int = 128,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> Evaluation:
    """Return the verdicts of `model` on `split` under PGD from the clean image at each of `epsilons`, which start at 0.

    The verdict at epsilon 0 is the clean prediction. Every module's training flag is given back.
    """
    with eval_mode(model):
        right = predict(model, split, batch_size, memory_format).argmax(1) == split.labels
        search = _Search(right, len(epsilons))
        spent = 0
        if len(epsilons) > 1:
            share = step_share(relative_step_size, steps)
            spent = _attack_all(
                model, split, search, norm=norm, epsilons=epsilons, steps=steps, share=share, batch_size=batch_size, memory_format=memory_format
            )
    fallen_at = search.high.cpu().numpy()
    verdicts = np.arange(len(epsilons))[None, :] < fallen_at[:, None]
    return Evaluation(tuple(epsilons), verdicts, spent)


@torch.no_grad()
def predict(model: nn.Module, split: Split, batch_size: int = 256, memory_format: torch.memory_format = torch.contiguous_format) -> Tensor:
    """Return float32 logits (N, K) of the clean images; the caller sets the mode."""
    return torch.cat([model(as_pixels(images, memory_format)).float() for images in split.images.split(batch_size)])


def as_pixels(images: Tensor, memory_format: torch.memory_format = torch.contiguous_format) -> Tensor:
    """Return uint8 images (N, 3, H, W) as float32 pixels in [0, 1]."""
    return images.to(torch.float32).div_(255).contiguous(memory_format=memory_format)


class _Search:
    """For each example the largest grid point it is known to survive (`low`) and the smallest where it fell (`high`)."""

    def __init__(self, right: Tensor, count: int):
        self.low = torch.zeros(len(right), dtype=torch.long, device=right.device)
        self.high = torch.where(right, count, 0)
        self.count = count
        self.waiting = deque(torch.nonzero(right).flatten().tolist() if count > 1 else [])

    def next_point(self, examples: Tensor) -> Tensor:
        """The largest epsilon first: a survivor is settled by one attack, and an early fall bounds the search from above."""
        middle = (self.low[examples] + self.high[examples]) // 2
        return torch.where(self.high[examples] == self.count, self.count - 1, middle)

    def settle(self, examples: Tensor, points: Tensor, fallen_at: Tensor) -> None:
        """Record finished attacks at grid `points`; `fallen_at` is the smallest point that holds the perturbation,
        or a number beyond the grid where the example survived."""
        fell = fallen_at <= points
        self.high[examples[fell]] = fallen_at[fell]
        self.low[examples[~fell]] = points[~fell]
        open_again = self.high[examples] - self.low[examples] > 1
        self.waiting.extend(examples[open_again].tolist())


def _attack_all(model: nn.Module, split: Split, search: _Search, *, norm, epsilons, steps, share, batch_size, memory_format) -> int:
    """Run attacks until every example's critical point is known; return the gradient evaluations spent."""
    ball = NORMS[norm]
    grid = torch.tensor(epsilons, dtype=torch.float32, device=split.labels.device)
    slots = _Slots(split, search, grid, memory_format)
    spent = 0
    while slots.refill(batch_size):
        gradient, logits = input_gradient(model, slots.adversarial, slots.labels)
        spent += len(slots)
        fell = logits.argmax(1) != slots.labels
        done = fell | (slots.taken >= steps)
        if done.any():
            sizes = ball.size(slots.adversarial[done] - slots.images[done])
            held_by = torch.searchsorted(grid * ROUNDING, sizes).clamp(min=1)
            search.settle(slots.examples[done], slots.points[done], torch.where(fell[done], torch.minimum(held_by, slots.points[done]), len(grid)))
            gradient = slots.keep(~done, gradient)
        slots.adversarial = ascend(slots.adversarial, gradient, slots.images, ball, slots.epsilon, share * slots.epsilon)
        slots.taken += 1
    return spent


class _Slots:
    """The attacks in flight, one a place in the batch, each with its own example, epsilon and number of steps taken."""

    def __init__(self, split: Split, search: _Search, grid: Tensor, memory_format: torch.memory_format):
        self.split, self.search, self.grid, self.memory_format = split, search, grid, memory_format
        self.examples = torch.empty(0, dtype=torch.long, device=split.labels.device)
        self._load(self.examples)

    def __len__(self) -> int:
        return len(self.examples)

    def refill(self, batch_size: int) -> bool:
        """Start waiting examples in the free places; return whether anything is in flight."""
        free = min(batch_size - len(self), len(self.search.waiting))
        if free > 0:
            fresh = torch.tensor([self.search.waiting.popleft() for _ in range(free)], device=self.examples.device)
            self._append(fresh)
        return len(self) > 0

    def keep(self, mask: Tensor, gradient: Tensor) -> Tensor:
        """Drop the places where `mask` is False; return the gradients of those kept."""
        for name in ("examples", "points", "images", "labels", "epsilon", "adversarial", "taken"):
            setattr(self, name, getattr(self, name)[mask])
        return gradient[mask]

    def _load(self, examples: Tensor) -> None:
        self.points = self.search.next_point(examples)
        self.images = as_pixels(self.split.images[examples], self.memory_format)
        self.labels = self.split.labels[examples]
        self.epsilon = self.grid[self.points].view(-1, 1, 1, 1)
        self.adversarial = self.images
        self.taken = torch.zeros_like(examples)

    def _append(self, fresh: Tensor) -> None:
        before = {name: getattr(self, name) for name in ("points", "images", "labels", "epsilon", "adversarial", "taken")}
        self.examples = torch.cat([self.examples, fresh])
        self._load(fresh)
        for name, old in before.items():
            joined = torch.cat([old, getattr(self, name)])
            setattr(self, name, joined.contiguous(memory_format=self.memory_format) if joined.ndim == 4 and name != "epsilon" else joined)
