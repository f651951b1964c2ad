"""The search for each example's critical epsilon, for attacks that only run as a whole."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rft_core.engine.data.dataset import Split


@dataclass(frozen=True)
class Found:
    """A perturbation (C, H, W) that fooled the model, and the class that it then predicted."""

    delta: Tensor
    prediction: int


class Search:
    """For each example the largest grid point that it survived (`low`) and the smallest where it
    fell (`high`).
    """

    def __init__(self, right: Tensor, grid: Tensor):
        self.grid, self.count = grid, len(grid)
        self.low = torch.zeros(len(right), dtype=torch.long, device=right.device)
        self.high = torch.where(right, self.count, 0)
        self.waiting = deque(torch.nonzero(right).flatten().tolist() if self.count > 1 else [])

    def middle(self, examples: Tensor) -> Tensor:
        """Return the next grid point of each of `examples`: the largest first, then bisecting,
        which suits attacks whose success costs as much as their failure.
        """
        halfway = (self.low[examples] + self.high[examples]) // 2
        return torch.where(self.high[examples] == self.count, self.count - 1, halfway)

    def take(self, most: int) -> Tensor:
        """Remove and return up to `most` waiting examples."""
        taken = [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]
        return torch.tensor(taken, dtype=torch.long, device=self.low.device)

    def settle(self, examples: Tensor, points: Tensor, fallen_at: Tensor) -> None:
        """Record finished attacks at grid `points`; `fallen_at` is the smallest point that holds
        the perturbation, or `count` where the example survived.
        """
        fell = fallen_at <= points
        self.high[examples[fell]] = fallen_at[fell]
        self.low[examples[~fell]] = points[~fell]
        open_again = self.high[examples] - self.low[examples] > 1
        self.waiting.extend(examples[open_again].tolist())


def bisect_with(
    attack: Callable[..., Tensor],
    model: nn.Module,
    split: Split,
    search: Search,
    *,
    norm: str,
    steps: int,
    batch_size: int,
    found: dict[int, Found] | None = None,
) -> int:
    """Find every critical point with an attack that only runs as a whole, in batches of examples
    with the same next grid point.

    Returns examples x steps, since the attack does not report its gradient evaluations. What fooled
    the model in the smallest ball is written into `found`, if given.
    """
    spent = 0
    while search.waiting:
        waiting = search.take(len(search.waiting))
        points = search.middle(waiting)
        for point in points.unique().tolist():
            for examples in waiting[points == point].split(batch_size):
                images, labels = split.fetch(examples).float().div(255), split.labels[examples]
                adversarial = attack(
                    model, images, labels, norm=norm, epsilon=search.grid[point].item(), steps=steps
                )
                with torch.no_grad():
                    prediction = model(adversarial).argmax(1)
                fell = prediction != labels
                if found is not None:
                    # a later success is always in a smaller ball
                    fallen = zip(
                        examples[fell].tolist(),
                        (adversarial - images)[fell],
                        prediction[fell].tolist(),
                    )
                    found.update((example, Found(delta, name)) for example, delta, name in fallen)
                attacked_at = torch.full_like(examples, point)
                search.settle(examples, attacked_at, torch.where(fell, attacked_at, search.count))
                spent += len(examples) * steps
    return spent
