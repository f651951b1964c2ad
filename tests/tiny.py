"""Tiny models, pictures and specs, so that a test of the engine takes a fraction of a second."""

from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from rft_core.engine.data.dataset import Split
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.spec.run_spec import RunSpec, parse, with_settings

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)

RUN = {
    "seed": 1,
    "data": {"dataset": "digits", "train_size": 96, "eval_size": 40, "image_size": 16},
    "model": {"backbone": "bloom_resnet", "pretrained": False},
    "optim": {"epochs": 2, "batch_size": 32, "learning_rate": 2e-3},
    "attack": {"steps": 2},
    "evaluation": {
        "steps": 3,
        "tracking": 3,
        "examples": 2,
        "eval_size": 32,
        "epsilons": [0, "4/255", "8/255"],
    },
    "runtime": {"device": "cpu", "threads": 1},
}


def run_spec(**changes: Any) -> RunSpec:
    """A run of six steps on digits; `changes` are dotted settings with __ for the dot."""
    return with_settings(
        parse(RUN), {name.replace("__", "."): value for name, value in changes.items()}
    )


def cnn(classes: int = 5, seed: int = 0) -> nn.Module:
    """Two convolutions with batch norm and dropout, for images of any size; in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(8, 8, 3, stride=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, classes),
        )
    return NormalizedModel(body, MEAN, STD).eval()


def vit(classes: int = 5, seed: int = 0, image_size: int = 16) -> nn.Module:
    """Two transformer blocks of width 16 on 16 patches; in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = VisionTransformer(
            img_size=image_size,
            patch_size=4,
            embed_dim=16,
            depth=2,
            num_heads=2,
            num_classes=classes,
        )
        # timm starts blocks and head near zero, which would leave hardly any gradient to follow
        for parameter in body.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return NormalizedModel(body, MEAN, STD).eval()


def pictures(count: int, size: int = 16, classes: int = 5, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random pixels (count, 3, size, size) in [0, 1] and labels."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, 3, size, size), generator=generator), torch.randint(
        0, classes, (count,), generator=generator
    )


def split(count: int, size: int = 16, classes: int = 5, seed: int = 0) -> Split:
    """Random uint8 images with labels."""
    images, labels = pictures(count, size, classes, seed)
    return Split((images * 255).round().to(torch.uint8), labels)


def learnable(count: int, size: int = 12, classes: int = 3, seed: int = 0) -> Split:
    """Noisy pictures whose class is the colour that is a little brighter: robust
    only within small balls.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % classes
    images = 0.5 + 0.1 * torch.randn((count, 3, size, size), generator=generator)
    images[torch.arange(count), labels] += 0.06
    return Split((images.clamp(0, 1) * 255).round().to(torch.uint8), labels)


def fit(model: nn.Module, data: Split, steps: int = 40) -> nn.Module:
    """Train `model` on `data` by ordinary gradient steps; returned in eval mode."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(steps):
            loss = nn.functional.cross_entropy(model(data.images / 255), data.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()
