"""Adversary: the training attack with its budget filled in, always run in eval mode."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rft_core.engine.hardware.folding import Folding
from rft_core.engine.models.modes import eval_mode


@dataclass(kw_only=True)
class Adversary:
    """Maps (model, images, labels) to adversarial images within `epsilon`; counts its gradient
    evaluations (examples x steps).

    `evaluations` is what the attack spends on an image where that is not its number of
    steps. With a `folding` the model's folded twin is attacked in its place, which gives the
    same points to rounding.
    """

    attack: Callable[..., Tensor]
    norm: str
    epsilon: float
    steps: int
    relative_step_size: float | None
    random_start: bool
    generator: torch.Generator | None
    evaluations: int | None = None
    folding: Folding | None = None
    spent: int = 0

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, **options) -> Tensor:
        """Attack in eval mode: in training mode the attack would move batch statistics
        and come out weaker.

        `options` are the attack's own, such as `loss`, and take precedence over
        what is configured here.
        """
        self.spent += len(images) * (self.steps if self.evaluations is None else self.evaluations)
        configured = {
            "norm": self.norm,
            "epsilon": self.epsilon,
            "steps": self.steps,
            "relative_step_size": self.relative_step_size,
            "random_start": self.random_start,
            "generator": self.generator,
        }
        attacked = self.folding.of(model, images) if self.folding else model
        with eval_mode(attacked):
            return self.attack(attacked, images, labels, **configured | options).detach()
