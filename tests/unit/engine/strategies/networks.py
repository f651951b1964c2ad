"""One tiny network a family, for 16 x 16 images, with weights large enough for
gradients to be seen.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from timm.models.convnext import ConvNeXt
from timm.models.resnet import BasicBlock, ResNet
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

CLASSES, SIZE = 5, 16


def vit() -> nn.Module:
    return VisionTransformer(
        img_size=SIZE, patch_size=4, embed_dim=32, depth=2, num_heads=2, num_classes=CLASSES
    )


def scaled_vit() -> nn.Module:
    return VisionTransformer(
        img_size=SIZE,
        patch_size=4,
        embed_dim=32,
        depth=2,
        num_heads=2,
        num_classes=CLASSES,
        init_values=0.5,
    )


def swin() -> nn.Module:
    shape: dict[str, Any] = {
        "patch_size": 2,
        "embed_dim": 16,
        "depths": (1, 1),
        "num_heads": (2, 2),
        "window_size": 4,
    }
    return SwinTransformer(img_size=SIZE, num_classes=CLASSES, drop_path_rate=0.0, **shape)


def convnext() -> nn.Module:
    return ConvNeXt(
        num_classes=CLASSES,
        depths=(1, 2, 1, 1),
        dims=(16, 16, 32, 32),
        patch_size=1,
        kernel_sizes=3,
        ls_init_value=0.5,
    )


def convolution_convnext() -> nn.Module:
    return ConvNeXt(
        num_classes=CLASSES,
        depths=(1, 2, 1, 1),
        dims=(16, 16, 32, 32),
        patch_size=1,
        kernel_sizes=3,
        ls_init_value=None,
        conv_mlp=True,
    )


def resnet() -> nn.Module:
    return ResNet(
        cast(Any, BasicBlock),
        (1, 1, 1, 1),
        num_classes=CLASSES,
        channels=(8, 16, 16, 32),
        stem_width=8,
    )


def plain() -> nn.Module:
    """A network of no known kind, with timm's way to its head."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=4, bias=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, CLASSES),
    )
    vars(network)["get_classifier"] = lambda: network[-1]
    return network


FAMILIES = (vit, scaled_vit, swin, convnext, convolution_convnext, resnet)


def build(family: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """Return a fresh network in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = family()
        for parameter in network.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
                nn.init.uniform_(module.running_mean, -0.1, 0.1)
                nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


def batch(count: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return pixels (count, 3, 16, 16) and labels."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, 3, SIZE, SIZE), generator=generator), torch.randint(
        0, CLASSES, (count,), generator=generator
    )
