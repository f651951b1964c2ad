"""MART (Wang et al., ICLR 2020): adversarial training that weighs misclassified examples more.

L = mean BCE(p(x'), y) + beta * mean (1 - p_y(x)) KL(p(x) || p(x')),  beta = 5,
BCE(p, y) = -log p_y - log(1 - max_{k != y} p_k)  with  x' = argmax CE(f(x'), y) in the ball.

The gradient goes through both predictions and through the weight. The authors add constants to keep
log(1 - p) finite; here it is computed exactly, as a difference of log-sums of logits. At factor 0,
x' = x: only the boosted cross-entropy BCE(p(x), y).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.objectives.divergence import kl
from rft_core.spec.sections import ObjectiveSpec

BETA = 5.0


def loss(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    adversary: Adversary | None,
    settings: ObjectiveSpec,
) -> Tensor:
    """Return the boosted cross-entropy on attacked images plus beta times the weighted
    divergence from clean ones.
    """
    if adversary is None:
        return boosted_cross_entropy(model(images), labels).mean()
    beta = BETA if settings.beta is None else settings.beta
    attacked = adversary(model, images, labels)
    clean, adversarial = model(images), model(attacked)
    wrongness = 1 - clean.float().softmax(1).gather(1, labels[:, None]).squeeze(1)
    return (
        boosted_cross_entropy(adversarial, labels) + beta * wrongness * kl(clean, adversarial)
    ).mean()


def boosted_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return -log p_y - log(1 - max_{k != y} p_k) for each example, (N,)."""
    logits = logits.float()
    own = F.one_hot(labels, logits.shape[1]).bool()
    rival = logits.masked_fill(own, -torch.inf).argmax(1)
    without_rival = logits.scatter(1, rival[:, None], -torch.inf).logsumexp(1)
    return F.cross_entropy(logits, labels, reduction="none") + logits.logsumexp(1) - without_rival
