"""Adversary: the training attack with its budget, always run in eval mode."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rft_core.engine.hardware.folding import Folding
from rft_core.engine.models.modes import eval_mode
from rft_core.spec import catalog
from rft_core.spec.named_settings import checked_section


@dataclass(kw_only=True)
class Adversary:
    """Maps (model, images, labels) to adversarial images within `epsilon`; counts its gradient
    evaluations (examples x steps).

    `evaluations` is the number of gradient evaluations per image if it differs from the number of
    steps. With a `folding` the model's folded twin is attacked instead, which gives the same points
    up to rounding.
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
        """Attack in eval mode: in training mode the attack would change batch statistics and be
        weaker.

        `options` are the attack's own, such as `loss`, and take precedence over
        the values of the fields.
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


def make_adversary(
    attack: str = "pgd",
    *,
    epsilon: float | str,
    norm: str = "linf",
    steps: int = 3,
    relative_step_size: float | None = None,
    random_start: bool = True,
    generator: torch.Generator | None = None,
) -> Callable[..., Tensor] | None:
    """Return (model, images, labels) -> adversarial images (N, C, H, W) in [0, 1], by an attack to
    train with; None if `epsilon` is 0 and there is nothing to attack.

    The attack runs in eval mode and restores the mode of every module: in training mode it would
    change the batch norms' statistics and be weaker. The returned images have no gradient.
    `generator` draws the random starts on the images' device; without it they come from torch's
    global stream.
    """
    radius = checked_section("threat", {"epsilon": epsilon, "norm": norm}).epsilon
    chosen = {"steps": steps, "relative_step_size": relative_step_size}
    checked_section("attack", {"kind": attack, "random_start": random_start} | chosen)
    if radius == 0:
        return None
    run = catalog.find("attacks", attack).load()
    configured = chosen | {
        "norm": norm,
        "epsilon": radius,
        "random_start": random_start,
        "generator": generator,
    }

    def adversary(model: nn.Module, images: Tensor, labels: Tensor, **options: Any) -> Tensor:
        with eval_mode(model):
            return run(model, images, labels, **configured | options).detach()

    return adversary
