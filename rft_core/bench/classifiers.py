"""Embedded, trained weights as classifiers of their source task, without training anything."""

import torch
from torch import Tensor, nn

from rft_core.engine.data.dataset import Split
from rft_core.engine.data.sources import blooms
from rft_core.engine.measuring.evaluate import predict
from rft_core.engine.models import embedded
from rft_core.engine.models.build import build_model
from rft_core.engine.models.heads import timm_network
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.spec.sections import ModelSpec

CLASSES, RIDGE = 54, 0.05


def classifier(name: str, images: int) -> tuple[NormalizedModel, Split]:
    """Return an embedded backbone with a linear discriminant as its head, and `images`
    pictures that it gets right.
    """
    model = build_model(
        ModelSpec(backbone=name), num_classes=CLASSES, image_size=embedded.IMAGE_SIZE, seed=0
    ).eval()
    split = blooms.make_split(blooms.SOURCE, CLASSES * 20, embedded.IMAGE_SIZE, seed=99)
    head = timm_network(model.backbone).get_classifier()
    with torch.no_grad():
        weight, bias = _discriminant(_features(model, head, split), split.labels)
        head.weight.copy_(weight)
        head.bias.copy_(bias)
    right = predict(model, split).argmax(1) == split.labels
    return model, split.take(torch.nonzero(right).flatten()[:images])


def _features(model: NormalizedModel, head: nn.Module, split: Split) -> Tensor:
    """Return what the head is given for each image of `split` (N, D)."""
    seen: list[Tensor] = []
    handle = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    predict(model, split)
    handle.remove()
    return torch.cat(seen)


def _discriminant(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return weight (K, D) and bias (K,) of linear discriminant analysis with a ridge."""
    centred = features - features.mean(0)
    means = torch.stack([centred[labels == label].mean(0) for label in range(CLASSES)])
    precision = torch.linalg.inv(
        centred.T @ centred / len(centred) + RIDGE * torch.eye(features.shape[1])
    )
    weight = means @ precision
    return weight, -0.5 * (weight * means).sum(1) - weight @ features.mean(0)
