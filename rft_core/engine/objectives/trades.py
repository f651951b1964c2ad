"""TRADES (Zhang et al., ICML 2019): clean cross-entropy, plus beta times how far an attack
moves the prediction.

L = mean CE(f(x), y) + beta * mean KL(p(x) || p(x'))  with  x' = argmax KL(p(x) || p(x'))
in the ball, beta = 6.

The gradient goes through both predictions; the attack uses a fixed p(x), in eval mode. The KL has
no slope at x itself, so the attack always starts from a random point of the ball, whatever
`attack.random_start` says. The authors start from x + 0.001 N(0, 1); noise of a fixed size would
leave the small balls at the beginning of an epsilon schedule. At factor 0 it is plain
cross-entropy.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.objectives.divergence import kl, settled_logits
from rft_core.spec.sections import ObjectiveSpec

BETA = 6.0


def loss(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    adversary: Adversary | None,
    settings: ObjectiveSpec,
) -> Tensor:
    """Return mean CE(f(x), y) + beta * mean KL(p(x) || p(x')); plain cross-entropy at factor 0."""
    if adversary is None:
        return F.cross_entropy(model(images), labels)
    beta = BETA if settings.beta is None else settings.beta
    target = settled_logits(model, images)
    attacked = adversary(
        model, images, labels, random_start=True, loss=lambda logits, _: kl(target, logits)
    )
    clean, adversarial = model(images), model(attacked)
    return F.cross_entropy(clean, labels) + beta * kl(clean, adversarial).mean()
