"""The embedded backbones: small timm architectures at 32 pixels, under 0.5 million weights each."""

from typing import Any, cast

from timm.models.convnext import ConvNeXt
from timm.models.resnet import BasicBlock, ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

IMAGE_SIZE = 32
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def bloom_resnet(num_classes: int) -> nn.Module:
    """Four basic blocks after a three-layer stem."""
    return ResNet(
        # timm annotates an instance of the block, and takes its class
        cast(Any, BasicBlock),
        (1, 1, 1, 1),
        num_classes=num_classes,
        channels=(24, 48, 96, 128),
        stem_type="deep",
        stem_width=16,
    )


def bloom_convnext(num_classes: int) -> nn.Module:
    """Five blocks on patches of 2 x 2 pixels, 5 x 5 kernels."""
    model = ConvNeXt(
        num_classes=num_classes,
        depths=(1, 1, 2, 1),
        dims=(32, 64, 96, 128),
        patch_size=2,
        kernel_sizes=5,
        ls_init_value=None,
    )
    return _scale_by_fan_in(model)


def bloom_vit(num_classes: int) -> nn.Module:
    """Four blocks of width 96 on 16 tokens from three strided convolutions (Xiao et al. 2021:
    early convolutions).
    """
    model = VisionTransformer(
        img_size=IMAGE_SIZE,
        patch_size=8,
        embed_dim=96,
        depth=4,
        num_heads=3,
        mlp_ratio=2,
        num_classes=num_classes,
        embed_layer=ConvolutionStem,
    )
    return _scale_by_fan_in(model)


class ConvolutionStem(nn.Module):
    """Turns images (N, 3, 32, 32) into tokens (N, 16, width) by three
    strided 3 x 3 convolutions.
    """

    def __init__(self, img_size: int, patch_size: int, in_chans: int, embed_dim: int, **_: object):
        super().__init__()
        self.patch_size = (patch_size, patch_size)
        self.grid_size = (img_size // patch_size, img_size // patch_size)
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        widths = (in_chans, embed_dim // 4, embed_dim // 2, embed_dim)
        layers = [
            layer
            for a, b in zip(widths, widths[1:])
            for layer in (
                nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(),
            )
        ]
        self.convolutions = nn.Sequential(*layers, nn.Conv2d(embed_dim, embed_dim, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return tokens (N, 16, width)."""
        return self.convolutions(images).flatten(2).transpose(1, 2)


def _scale_by_fan_in(model: nn.Module) -> nn.Module:
    # timm's fixed std of .02 is meant for widths of several hundred; these networks are narrow and
    # would hardly start to learn
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.trunc_normal_(module.weight, std=module.weight[0].numel() ** -0.5)
    return model
