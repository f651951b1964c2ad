"""SCORE (Pang et al., ICML 2022): TRADES with squared distances between probabilities.

L = mean ||p(x) - y||^2 + beta * mean relu(||p(x') - p(x)||^2 - clip)
with x' = argmax ||p(x') - p(x)||^2 in the ball, y one-hot, beta = 4 (the authors use 3 to 4),
clip = 0.

The inner maximisation starts from a random point, as in the authors' code (at x itself the distance
has no slope). They attack in training mode without changing the norms' statistics; we attack in
eval mode, as everywhere. At factor 0 it is the squared error ||p(x) - y||^2, not cross-entropy; its
gradient is weak with a new head of many classes.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.objectives.divergence import settled_logits
from rft_core.spec.sections import ObjectiveSpec

BETA = 4.0


def loss(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    adversary: Adversary | None,
    settings: ObjectiveSpec,
) -> Tensor:
    """Return the squared error on clean images plus beta times the squared distance an attack
    moves the probabilities.
    """
    beta = BETA if settings.beta is None else settings.beta
    attacked = None
    if adversary is not None:
        target = _probabilities(settled_logits(model, images))
        attacked = adversary(
            model,
            images,
            labels,
            random_start=True,
            loss=lambda logits, _: _distances(_probabilities(logits), target),
        )
    clean = _probabilities(model(images))
    error = _distances(clean, F.one_hot(labels, clean.shape[1]).to(clean.dtype)).mean()
    if attacked is None:
        return error
    moved = _distances(_probabilities(model(attacked)), clean)
    return error + beta * F.relu(moved - settings.clip).mean()


def _probabilities(logits: Tensor) -> Tensor:
    return logits.float().softmax(1)


def _distances(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).square().sum(1)
