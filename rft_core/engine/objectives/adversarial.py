"""Adversarial training (Madry et al., ICLR 2018): cross-entropy on attacked images
only, no clean term.
"""

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
    """Return the mean of CE(f(x + delta), y); plain cross-entropy at factor 0."""
    attacked = images if adversary is None else adversary(model, images, labels)
    return F.cross_entropy(model(attacked), labels)
