"""Embedded, trained weights as classifiers of their source task, without training anything."""

import torch
from torch import Tensor

from rft_core.engine.data import blooms
from rft_core.engine.data.dataset import Split
from rft_core.engine.evaluate import predict
from rft_core.engine.models import embedded
from rft_core.engine.models.build import load_backbone
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.models.weights import weights_file

CLASSES = 54


def classifier(name: str, images: int) -> tuple[NormalizedModel, Split]:
    """Return an embedded ResNet with a linear discriminant as its head, and `images` pictures that it gets right."""
    backbone = embedded.bloom_resnet(CLASSES)
    load_backbone(backbone, weights_file(name))
    model = NormalizedModel(backbone, embedded.MEAN, embedded.STD).eval()
    split = blooms.make_split(blooms.SOURCE, CLASSES * 20, 32, seed=99)
    with torch.no_grad():
        inputs = (split.images.float() / 255 - 0.5) / 0.25
        features = torch.cat([backbone.forward_head(backbone.forward_features(part), pre_logits=True) for part in inputs.split(200)])
        weight, bias = _discriminant(features, split.labels)
        backbone.fc.weight.copy_(weight)
        backbone.fc.bias.copy_(bias)
    right = predict(model, split).argmax(1) == split.labels
    assert right.float().mean() > 0.7
    return model, split.take(torch.nonzero(right).flatten()[:images])


def _discriminant(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return weight (K, D) and bias (K,) of linear discriminant analysis with a ridge."""
    centred = features - features.mean(0)
    means = torch.stack([centred[labels == label].mean(0) for label in range(CLASSES)])
    precision = torch.linalg.inv(centred.T @ centred / len(centred) + 0.05 * torch.eye(features.shape[1]))
    weight = means @ precision
    return weight, -0.5 * (weight * means).sum(1) - weight @ features.mean(0)
