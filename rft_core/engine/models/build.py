"""Build the model a spec names: an embedded backbone or any timm architecture, pixels in, logits out."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled
from torch import nn

from rft_core import catalog
from rft_core.engine.checkpoint import read_tensors
from rft_core.engine.models import embedded
from rft_core.engine.models.network import offline_when_unreachable
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.models.weights import weights_file
from rft_core.engine.modes import eval_mode
from rft_core.engine.seeds import global_stream
from rft_core.errors import SettingError, UnknownNameError, WeightsError
from rft_core.sections import ModelSpec

EMBEDDED = tuple(choice.name for choice in catalog.BACKBONES)
HINT = "pick an embedded backbone (bloom_resnet, bloom_convnext, bloom_vit), one that is already downloaded, or set model.pretrained to false"


@dataclass(frozen=True)
class Preprocessing:
    """What a backbone expects: pixels on a side, and the mean and std of its training images."""

    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


def preprocessing(name: str) -> Preprocessing:
    """Return what the backbone `name` expects; an unknown name raises with the nearest one."""
    if name in EMBEDDED:
        return Preprocessing(embedded.IMAGE_SIZE, embedded.MEAN, embedded.STD)
    if not timm.is_model(name):
        raise UnknownNameError("backbone", name, [*EMBEDDED, *timm.list_models()])
    config = timm.get_pretrained_cfg(name)
    if config is None:
        return Preprocessing(224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return Preprocessing(config.input_size[-1], tuple(config.mean), tuple(config.std))


def build_model(spec: ModelSpec, *, num_classes: int, image_size: int, seed: int) -> NormalizedModel:
    """Return the backbone of `spec` with a new head of `num_classes`, mean and std inside.

    Whatever is random in it (the head, or everything when not pretrained) derives from `seed`.
    """
    expected = preprocessing(spec.backbone)
    with global_stream(seed, "weights", device=torch.device("cpu")):
        backbone = _embedded(spec, num_classes) if spec.backbone in EMBEDDED else _timm(spec, num_classes, image_size)
    if spec.checkpoint:
        load_backbone(backbone, Path(spec.checkpoint).expanduser())
    model = NormalizedModel(backbone, expected.mean, expected.std)
    _try_size(model, spec.backbone, image_size, expected.image_size)
    return model


def _try_size(model: NormalizedModel, name: str, image_size: int, natural: int) -> None:
    """Send one empty picture through, so that a size that does not fit is said before training."""
    try:
        with eval_mode(model), torch.no_grad():
            model(torch.zeros(1, 3, image_size, image_size))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise SettingError(
            "data.image_size", image_size, f"does not fit the backbone '{name}'; leave it empty for its own {natural} pixels ({error})"
        ) from None


def load_backbone(backbone: nn.Module, path: Path) -> None:
    """Load backbone weights from a safetensors file; the head stays as it is. Says which keys do not fit."""
    tensors, _ = read_tensors(path)
    head = {f"{name}." for name, module in backbone.named_modules() if module is backbone.get_classifier()}
    wanted = {name: value for name, value in backbone.state_dict().items() if not name.startswith(tuple(head))}
    tensors = {_strip(name): tensor for name, tensor in tensors.items()}
    missing = [name for name in wanted if name not in tensors]
    misfits = [name for name in wanted if name in tensors and tensors[name].shape != wanted[name].shape]
    if missing or misfits:
        raise WeightsError(
            f"{path.name} does not fit this backbone: {len(missing)} keys missing{_some(missing)}, {len(misfits)} of another shape{_some(misfits)}; "
            "choose the architecture it was saved from"
        )
    backbone.load_state_dict({name: tensors[name] for name in wanted}, strict=False)


def _strip(name: str) -> str:
    for prefix in ("model.backbone.", "backbone.", "module.", "model."):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _some(names: Sequence[str]) -> str:
    return f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else ""


def _embedded(spec: ModelSpec, num_classes: int) -> nn.Module:
    backbone = catalog.find("backbones", spec.backbone).load()(num_classes)
    if spec.pretrained and not spec.checkpoint:
        load_backbone(backbone, weights_file(spec.backbone))
    return backbone


def _timm(spec: ModelSpec, num_classes: int, image_size: int) -> nn.Module:
    expected = preprocessing(spec.backbone)
    wants_download = spec.pretrained and not spec.checkpoint
    # only architectures that fix their size take img_size; the others raise TypeError on it
    sizes = [{"img_size": image_size}, {}] if image_size != expected.image_size else [{}]
    for options in sizes:
        try:
            with offline_when_unreachable() if wants_download else nullcontext():
                return timm.create_model(spec.backbone, pretrained=wants_download, num_classes=num_classes, **options)
        except TypeError:
            if options is sizes[-1]:
                raise
        except (OSError, RuntimeError, ValueError) as error:
            raise _unavailable(spec, error) from None
    raise AssertionError("unreachable: the last attempt returns or raises")


def _unavailable(spec: ModelSpec, error: Exception) -> Exception:
    if spec.pretrained and not spec.checkpoint:
        offline = isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError)
        reason = "the hub cannot be reached and they are not in the cache" if offline else (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        return WeightsError(f"the weights of '{spec.backbone}' cannot be had ({reason}); {HINT}")
    return SettingError("model.backbone", spec.backbone, f"cannot be built: {error}")
