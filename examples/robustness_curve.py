"""Accuracy over epsilon of any timm model or any `nn.Module`, on a folder of images.

    python -m examples.robustness_curve FOLDER --timm resnet18.a1_in1k
    python -m examples.robustness_curve FOLDER --module package.models:make_model

FOLDER has a folder of images for each class, in the order of the model's classes (the names are
sorted). The curve is measured by APGD-CE + T, which lies within a point of AutoAttack.
"""

import argparse
from importlib import import_module
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torchvision import transforms
from torchvision.datasets import ImageFolder

from rft_core.engine import NormalizedModel, RobustnessCurve, evaluate


def timm_model(name: str, pretrained: bool, classes: int | None) -> tuple[nn.Module, int]:
    """Return a model of timm that takes pixels in [0, 1], and how many pixels on a side."""
    head: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    backbone = timm.create_model(name, pretrained=pretrained, **head)
    expected = timm.data.resolve_model_data_config(backbone)
    return NormalizedModel(backbone, expected["mean"], expected["std"]), expected["input_size"][-1]


def own_module(path: str) -> nn.Module:
    """Return what the function in "package.module:function" returns: pixels in [0, 1] to logits.

    A module that expects normalised images goes into NormalizedModel(module, mean, std).
    """
    module, function = path.split(":")
    return getattr(import_module(module), function)()


def read_images(folder: str, size: int, most: int) -> tuple[Tensor, Tensor]:
    """Return images (N, 3, size, size) in [0, 1], spread over the folder, and labels (N,)."""
    steps = (transforms.Resize(size), transforms.CenterCrop(size), transforms.ToTensor())
    found = ImageFolder(folder, transforms.Compose(steps))
    chosen = torch.linspace(0, len(found) - 1, min(most, len(found))).long().tolist()
    pictures, labels = zip(*(found[index] for index in chosen))
    return torch.stack(pictures), torch.tensor(labels)


def main(arguments: list[str] | None = None) -> RobustnessCurve:
    """Measure and print; return the curve."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--timm", metavar="NAME")
    chosen.add_argument("--module", metavar="PACKAGE.MODULE:FUNCTION")
    parser.add_argument("--untrained", action="store_true", help="random weights, for a try")
    parser.add_argument("--classes", type=int, help="of a timm model without its published head")
    parser.add_argument("--size", type=int, help="pixels on a side; the timm model's own, or 224")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--levels", type=int, default=8, help="largest epsilon, in 1/255")
    parser.add_argument("--steps", type=int, default=20, help="of the attack")
    options = parser.parse_args(arguments)
    if options.timm:
        model, size = timm_model(options.timm, not options.untrained, options.classes)
    else:
        model, size = own_module(options.module), 224
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    images, labels = read_images(options.folder, options.size or size, options.images)

    grid = [level / 255 for level in range(options.levels + 1)]
    measured = evaluate(model, images, labels, epsilons=grid, steps=options.steps)
    for point in measured.curve.points():
        print(
            f"{point['epsilon_255']:4.1f}/255  {point['accuracy']:6.1%}"
            f"  [{point['low']:.1%}, {point['high']:.1%}]"
        )
    print(f"expected robustness {measured.curve.expected_robustness:.1%}, n = {measured.curve.n}")
    return measured.curve


if __name__ == "__main__":
    main()
