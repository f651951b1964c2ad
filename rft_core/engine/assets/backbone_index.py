"""The index of timm's backbones: the size and cost of each, measured without its weights, kept in
assets/backbones.json.

    python -m rft_core.engine.assets.backbone_index [FILE]      a few hours on one core, no network

Every architecture is built without memory (fake tensors: shapes, no numbers) and run on pictures
of its own size. What is kept for the backward pass is counted where autograd keeps it, so the count
is exactly what the operations of the CPU keep.
"""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import _registry
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from rft_core.engine.models import embedded
from rft_core.engine.models.timm_models import pretrained_config
from rft_core.engine.models.trainable import refusal
from rft_core.files.atomic import write_text
from rft_core.files.home import BACKBONES_FILE
from rft_core.spec import catalog

PICTURES = 2
SOURCE_CLASSES = catalog.find("datasets", "blooms_source").facts["classes"]
BYTES = 4
FORMAT = ("parameters", "image_size", "macs", "activations", "frozen_activations")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cost:
    """The cost of a backbone at its own size, its published head included; None where it cannot be
    measured without memory.

    `macs` are multiply-adds a picture. `activations` are the float32 numbers a picture that a
    forward pass keeps for the gradient of every weight and of the pixels, `frozen_activations`
    those for the pixels alone, with weights and statistics frozen.
    """

    parameters: int | None
    image_size: int
    macs: int | None = None
    activations: int | None = None
    frozen_activations: int | None = None


def measure(name: str) -> Cost:
    """Return the cost of a backbone, embedded or timm's, at the input size of its configuration."""
    own = name in catalog.EMBEDDED_BACKBONES
    size = embedded.IMAGE_SIZE if own else pretrained_config(name).input_size[-1]
    try:
        with torch.device("meta"):
            model = (
                catalog.find("backbones", name).load()(SOURCE_CLASSES)
                if own
                else timm.create_model(name)
            )
    except Exception as error:  # any of a thousand architectures may need real tensors to be built
        log.info("%s cannot be built without memory: %s", name, _first_line(error))
        return Cost(None, size)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            model = model.to_empty(device="cpu")
            images = torch.empty(PICTURES, 3, size, size, requires_grad=True)
            macs, activations = _forward(model.requires_grad_(True).train(), images)
            _, frozen = _forward(model.requires_grad_(False).eval(), images)
    except Exception as error:
        log.info("%s cannot be run without memory: %s", name, _first_line(error))
        return Cost(parameters, size)
    return Cost(parameters, size, macs, activations, frozen)


def _forward(model: nn.Module, images: Tensor) -> tuple[int, int]:
    """Return (multiply-adds, numbers kept for the backward pass), both a picture."""
    weights = {
        tensor.untyped_storage()._cdata for tensor in [*model.parameters(), *model.buffers()]
    }
    kept: dict[int, Any] = {}

    def keep(tensor: Tensor) -> Tensor:
        # a storage counts once, however many operations keep a view of it; while it is held
        # nothing else gets its address
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    with (
        saved_tensors_hooks(keep, lambda tensor: tensor),
        FlopCounterMode(display=False) as counter,
    ):
        output = model(images)
    del output
    numbers = sum(storage.nbytes() for storage in kept.values()) // BYTES
    return counter.get_total_flops() // 2 // PICTURES, numbers // PICTURES


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


def build_index(
    names: list[str] | None = None,
    costs: Callable[[str], Cost] = measure,
    refusals: Callable[[str], str] = refusal,
) -> dict[str, Any]:
    """Return the index as plain data: a row for each architecture, and for its pretrained weights
    only what differs from it.

    "architectures" and "embedded": name -> [parameters, image_size, macs, activations,
    frozen_activations]. "weights": architecture -> tag, its default first -> [index of its licence
    in "licences", its own row or null, its hub id or address or null where that is timm/NAME, ""
    where there is none]. "refused": architecture -> why it cannot be fine-tuned (trainable.py).
    "renamed": a name in earlier versions of timm -> today's name.
    """
    measured: dict[tuple, Cost] = {}
    licences: list[str] = []
    architectures: dict[str, list[int | None]] = {}
    weights: dict[str, dict[str, list[Any]]] = {}
    refused: dict[str, str] = {}
    for index, architecture in enumerate(names or timm.list_models()):
        own = architectures[architecture] = _row(architecture, measured, costs)
        for full in _tagged(architecture):
            config = pretrained_config(full)
            licence = config.license or "unknown"
            licences += [licence] if licence not in licences else []
            row = _row(full, measured, costs)
            hub = (
                None if config.hf_hub_id == f"timm/{full}" else config.hf_hub_id or config.url or ""
            )
            weights.setdefault(architecture, {})[full.partition(".")[2]] = [
                licences.index(licence),
                None if row == own else row,
                hub,
            ]
        if reason := refusals(architecture):
            refused[architecture] = reason
        log.info("%d %s %s %s", index, architecture, own, reason)
    embedded_rows = {name: list(astuple(costs(name))) for name in catalog.EMBEDDED_BACKBONES}
    return {
        "timm": timm.__version__,
        "row": FORMAT,
        "licences": licences,
        "embedded": embedded_rows,
        "refused": refused,
        "renamed": _renamed(),
        "architectures": architectures,
        "weights": weights,
    }


def _renamed() -> dict[str, str]:
    """Return those of timm's deprecated names that lead to a name it has today.

    Two of the new names lack the end of the tag: there is .sam_in1k and no .sam.
    """
    current = {*timm.list_models(), *timm.list_pretrained()}
    renamed = {}
    for name, new in sorted(_registry._deprecated_models.items()):
        longer = [other for other in current if new and other.startswith(f"{new}_")]
        if new in current or len(longer) == 1:
            renamed[name] = new if new in current else longer[0]
    return renamed


def _tagged(architecture: str) -> list[str]:
    """Return the names of the weights of `architecture`, the default of its plain name first."""
    default = pretrained_config(architecture).tag
    return sorted(
        timm.list_pretrained(f"{architecture}.*"),
        key=lambda name: name.partition(".")[2] != default,
    )


def _row(name: str, measured: dict[tuple, Cost], costs: Callable[[str], Cost]) -> list[int | None]:
    config = pretrained_config(name)
    key = (name.partition(".")[0], config.input_size, config.num_classes)
    if key not in measured:
        measured[key] = costs(name)
    return list(astuple(measured[key]))


def write_index(path: Path = BACKBONES_FILE) -> None:
    """Write the index of every backbone of the installed timm to `path`, an architecture a line."""
    index = build_index()
    write_text(path, dump(index))


def dump(index: dict[str, Any]) -> str:
    """Return the index as JSON with an architecture a line, so that a change in timm shows up as
    changed lines.
    """
    parts = []
    for key, value in index.items():
        lines = (
            [
                f"{json.dumps(name)}:{json.dumps(row, separators=(',', ':'))}"
                for name, row in value.items()
            ]
            if isinstance(value, dict)
            else None
        )
        parts.append(
            f"{json.dumps(key)}:"
            + (
                json.dumps(value, separators=(",", ":"))
                if lines is None
                else "{\n" + ",\n".join(lines) + "\n}"
            )
        )
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    write_index(Path(sys.argv[1]) if len(sys.argv) > 1 else BACKBONES_FILE)
