"""Anchored: adversarial training kept close to the pretrained backbone, after PMG-AFT (Wang et al.,
CVPR 2024).

L = mean CE(f(x'), y) + anchor_weight * mean KL(p_pre(x') || p(x')) + beta * mean KL(p(x) ||
p(x')),  both weights 1.

PMG-AFT fine-tunes the image tower of CLIP, and both the frozen and the tuned tower are classified
by the same class embeddings. With a new head the pretrained model has no classes, so we share the
head instead: p_pre = softmax(head(z_pre(x'))), the features of a frozen copy of the pretrained
backbone classified by the current head, without a gradient. Both distributions are then over the
task's classes, on the same scale, whatever the width of the features; while the head is still
random the term is nearly 0, and with a linear probe it is exactly 0. The authors sum the KL over
the batch; we take means. At factor 0, x' = x: cross-entropy plus the anchor; with anchor_weight 0
plain cross-entropy.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rft_core.engine.models.heads import heads, timm_network
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.objectives.divergence import kl
from rft_core.errors import SettingError
from rft_core.spec.sections import ObjectiveSpec

BETA = 1.0


def prepare(model: NormalizedModel, settings: ObjectiveSpec) -> NormalizedModel:
    """Return a frozen copy of the pretrained `model` that gives features (N, D), the input of the
    head.

    SettingError if the model does not have a single head on such features.
    """
    frozen = deepcopy(model).requires_grad_(False).eval()
    if not _reads_features(frozen.backbone):
        raise SettingError(
            "objective.kind",
            "anchored",
            "needs a backbone with one head that reads its features, and"
            f" {type(model.backbone).__name__} has none; choose another objective or another"
            " model.backbone",
        )
    timm_network(frozen.backbone).reset_classifier(0)
    return frozen


def _reads_features(backbone: nn.Module) -> bool:
    """Return whether the classifier of `backbone` is a single layer from features (N, D) to logits
    (N, K).
    """
    classifier = timm_network(backbone).get_classifier()
    width = getattr(backbone, "head_hidden_size", None)
    if width is None:
        return isinstance(classifier, nn.Module)
    try:
        return len(heads(backbone)) == 1 and classifier(torch.zeros(2, width)).ndim == 2
    except (RuntimeError, TypeError, NotImplementedError, ValueError):
        return False


def loss(
    model: NormalizedModel,
    images: Tensor,
    labels: Tensor,
    adversary: Adversary | None,
    settings: ObjectiveSpec,
    *,
    reference: nn.Module,
) -> Tensor:
    """Return cross-entropy on attacked images plus the divergences from the pretrained and from
    the clean prediction.
    """
    attacked = images if adversary is None else adversary(model, images, labels)
    adversarial = model(attacked)
    total = F.cross_entropy(adversarial, labels)
    if settings.anchor_weight > 0:
        with torch.no_grad():
            anchor = timm_network(model.backbone).get_classifier()(reference(attacked))
        total = total + settings.anchor_weight * kl(anchor, adversarial).mean()
    if adversary is None:
        return total
    beta = BETA if settings.beta is None else settings.beta
    return total + beta * kl(model(images), adversarial).mean()
