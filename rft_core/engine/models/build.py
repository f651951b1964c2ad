"""Build the model that a spec names: an embedded backbone or any timm architecture, from pixels to
logits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from torch import nn

from rft_core.engine.models import embedded, timm_models
from rft_core.engine.models.embedded_weights import weights_file
from rft_core.engine.models.modes import eval_mode
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.models.starting_weights import load_backbone
from rft_core.engine.seeds import global_stream
from rft_core.errors import SettingError, UnknownNameError, WeightsError
from rft_core.resources import backbones
from rft_core.spec import catalog
from rft_core.spec.sections import ModelSpec

EMBEDDED = catalog.EMBEDDED_BACKBONES
Notify = Callable[[str], None]


@dataclass(frozen=True)
class Preprocessing:
    """What a backbone was trained on: pixels on a side, mean and std of its images, and how they
    were resized.

    Size, mean and std are used. The interpolation is for information only: data are resized
    bilinearly for every backbone, which is the protocol of both papers (Ngnawé et al. 2026, Li et
    al. 2025) and keeps the images of all runs the same.
    """

    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bilinear"


def preprocessing(name: str) -> Preprocessing:
    """Return what the backbone `name` expects, from timm's configuration; UnknownNameError suggests
    the nearest name.
    """
    if name in EMBEDDED:
        return Preprocessing(embedded.IMAGE_SIZE, embedded.MEAN, embedded.STD)
    name = backbones.current_name(name)
    architectures, tagged = timm.list_models(), timm.list_pretrained(f"{name.partition('.')[0]}.*")
    # timm also builds names of older versions, but does not know their weights
    if name not in architectures and name not in tagged:
        near = backbones.near_names(name)
        raise UnknownNameError("backbone", name, [], "model.backbone", near=near)
    config = timm_models.pretrained_config(name)
    return Preprocessing(
        config.input_size[-1], tuple(config.mean), tuple(config.std), config.interpolation
    )


def check_weights(spec: ModelSpec) -> None:
    """Raise at once if the weights of `spec` are neither here nor can be fetched; does not load or
    fetch anything.
    """
    backbones.check_backbone(spec.backbone)
    spec = spec.model_copy(update={"backbone": backbones.current_name(spec.backbone)})
    preprocessing(spec.backbone)
    if spec.checkpoint:
        if not Path(spec.checkpoint).expanduser().exists():
            raise WeightsError(
                f"there is no file '{spec.checkpoint}' to start from; give model.checkpoint another"
                " path, or leave it empty"
            )
    elif spec.pretrained and spec.backbone in EMBEDDED:
        weights_file(spec.backbone)
    elif spec.pretrained:
        timm_models.check_weights(spec.backbone)


def build_model(
    spec: ModelSpec,
    *,
    num_classes: int,
    image_size: int,
    seed: int,
    notify: Notify = lambda text: None,
) -> NormalizedModel:
    """Return the backbone of `spec` with a new head of `num_classes`, mean and std inside.

    Whatever is random in it (the head, or everything when not pretrained) derives from `seed`.
    `notify` gets lines for the run's log: how far a download is, what was taken from a
    checkpoint and what was not.
    """
    expected = preprocessing(spec.backbone)
    if renamed := backbones.renaming(spec.backbone):
        notify(renamed)
        spec = spec.model_copy(update={"backbone": backbones.current_name(spec.backbone)})
    with global_stream(seed, "weights", device=torch.device("cpu")):
        backbone = (
            _embedded(spec, num_classes)
            if spec.backbone in EMBEDDED
            else timm_models.build(spec, num_classes, image_size, notify)
        )
    if spec.checkpoint:
        load_backbone(
            backbone,
            Path(spec.checkpoint).expanduser(),
            mean=expected.mean,
            std=expected.std,
            notify=notify,
        )
    model = NormalizedModel(backbone, expected.mean, expected.std)
    _try_size(model, spec.backbone, num_classes, image_size, expected.image_size)
    return model


def _try_size(
    model: NormalizedModel, name: str, classes: int, image_size: int, natural: int
) -> None:
    """Run the model on an empty picture, so that a wrong size raises before training."""
    try:
        with eval_mode(model), torch.no_grad():
            logits = model(torch.zeros(1, 3, image_size, image_size))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise SettingError(
            "data.image_size",
            image_size,
            f"does not fit the backbone '{name}'; leave it empty for its own {natural} pixels"
            f" ({error})",
        ) from None
    if not isinstance(logits, torch.Tensor) or logits.shape != (1, classes):
        raise SettingError(
            "model.backbone",
            name,
            f"does not give logits of {classes} classes; choose another, see `list backbones`",
        )


def _embedded(spec: ModelSpec, num_classes: int) -> nn.Module:
    backbone = catalog.find("backbones", spec.backbone).load()(num_classes)
    if spec.pretrained and not spec.checkpoint:
        load_backbone(backbone, weights_file(spec.backbone))
    return backbone
