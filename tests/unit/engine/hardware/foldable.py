"""Networks that can be folded, and networks that cannot."""

from typing import Any, cast

import torch
from timm.layers import BatchNormAct2d
from timm.models.resnet import BasicBlock, ResNet
from torch import nn

from rft_core.engine.hardware.device import memory_format
from rft_core.engine.models import embedded
from rft_core.engine.models.normalize import NormalizedModel
from tests import tiny

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


def settled(backbone: nn.Module, classes: int = 5) -> nn.Module:
    """A model in eval mode whose norms have seen pictures and whose norms' weights are
    not what they began as.
    """
    model = NormalizedModel(backbone, MEAN, STD)
    model = model.to(memory_format=memory_format(model)).train()
    generator = torch.Generator().manual_seed(3)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and module.affine:
            module.weight.data.copy_(torch.rand(module.weight.shape, generator=generator) + 0.5)
            module.bias.data.copy_(torch.randn(module.bias.shape, generator=generator) / 4)
    with torch.no_grad():
        model(tiny.pictures(16, 32)[0])
    return model.eval()


def body(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(
        *layers, nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 5)
    )


class Branched(nn.Module):
    """A convolution whose outputs go on beside the batch norm behind it."""

    def __init__(self, share: float = 1.0):
        super().__init__()
        self.conv, self.bn, self.rest, self.share = (
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            body(),
            share,
        )

    def forward(self, images):
        outputs = self.conv(images)
        return self.rest(self.bn(outputs) + self.share * outputs)


class Unseen(Branched):
    """The same, but the second use leaves no trace in the gradient's graph."""

    def forward(self, images):
        outputs = self.conv(images)
        return self.rest(self.bn(outputs) + outputs.detach())


class Changed(Branched):
    """Something is added to the convolution's outputs in place, as a low-rank update might be."""

    def forward(self, images):
        outputs = self.conv(images)
        outputs += outputs.mean()
        return self.rest(self.bn(outputs))


class Twice(Branched):
    """The same convolution and norm, used twice."""

    def forward(self, images):
        return self.rest(self.bn(self.conv(images)) + self.bn(self.conv(images.flip(-1))))


class Keeping(Branched):
    """A layer that keeps something until it changes its mode."""

    def train(self, mode: bool = True):
        return super().train(mode)


class Noisy(Branched):
    """Its logits are never the same twice."""

    def forward(self, images):
        return self.rest(self.bn(self.conv(images)) + torch.rand(1))


FOLDED = {
    "resnet": (lambda: embedded.bloom_resnet(5), 15),
    "vit": (lambda: embedded.bloom_vit(5), 3),
    "convnext": (lambda: embedded.bloom_convnext(5), 0),
    "anti-aliased": (
        lambda: ResNet(
            cast(Any, BasicBlock),
            (1, 1, 1, 1),
            num_classes=5,
            channels=(8, 8, 16, 16),
            aa_layer=nn.AvgPool2d,
        ),
        13,
    ),
    "bias, groups and activation": (
        lambda: body(
            nn.Conv2d(3, 6, 3),
            nn.BatchNorm2d(6),
            nn.Conv2d(6, 8, 3, stride=2, padding=1, groups=2),
            BatchNormAct2d(8),
        ),
        2,
    ),
    "no weights in the norm": (
        lambda: body(
            nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"), nn.BatchNorm2d(8, affine=False)
        ),
        1,
    ),
}
LEFT = {
    "branched": Branched,
    "unseen use": Unseen,
    "changed in place": Changed,
    "used twice": Twice,
    "keeps something": Keeping,
    "noise": Noisy,
}
