"""Half and half: L = (CE(f(x), y) + beta CE(f(x'), y)) / (1 + beta), beta = 1."""

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
    """Return the weighed mean of the two cross-entropies; the clean one at factor 0."""
    clean = F.cross_entropy(model(images), labels)
    if adversary is None:
        return clean
    beta = 1.0 if settings.beta is None else settings.beta
    attacked = F.cross_entropy(model(adversary(model, images, labels)), labels)
    return (clean + beta * attacked) / (1 + beta)
