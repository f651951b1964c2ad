"""Natural: cross-entropy on clean images; the schedule and the attack are not used."""

import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.objectives.adversary import Adversary
from rft_core.spec.sections import ObjectiveSpec


def loss(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    adversary: Adversary | None,
    settings: ObjectiveSpec,
) -> Tensor:
    """Return the mean of CE(f(x), y)."""
    return F.cross_entropy(model(images), labels)
