"""A small ResNet, and weights loaded into it."""

import torch
from torch import nn
from torchvision.models.convnext import CNBlockConfig

from rft_core.engine.models.build import build_model
from rft_core.engine.models.starting_weights import backbone_tensors, load_backbone
from rft_core.spec.sections import ModelSpec

STAGES = [
    CNBlockConfig(24, 32, 1),
    CNBlockConfig(32, 48, 1),
    CNBlockConfig(48, 64, 1),
    CNBlockConfig(64, None, 1),
]


def resnet(classes: int = 7, seed: int = 0) -> nn.Module:
    spec = ModelSpec(backbone="bloom_resnet", pretrained=False)
    return build_model(spec, num_classes=classes, image_size=32, seed=seed).backbone


def scattered(model: nn.Module) -> nn.Module:
    """`model` with every weight and statistic random, so that no two of a shape can be
    mistaken for each other.
    """
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(
                    torch.randn_like(tensor) * tensor[0].numel() ** -0.5
                    if tensor.squeeze().ndim > 1
                    else torch.rand_like(tensor) + 0.1
                )
    return model.eval()


def same(first: nn.Module, second: nn.Module) -> bool:
    return all(
        torch.equal(tensor, backbone_tensors(second)[name])
        for name, tensor in backbone_tensors(first).items()
    )


def load(backbone: nn.Module, path, **options) -> list[str]:
    notes: list[str] = []
    load_backbone(backbone, path, notify=notes.append, **options)
    return notes


def nested(tensors):
    return {"epoch": 3, "state_dict": {"model": tensors}}
