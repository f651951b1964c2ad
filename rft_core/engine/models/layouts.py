"""Layouts: how others name the weights of the same architectures, told apart by which reading fits a backbone best.

torchvision's ResNets have timm's names already; its ViT, ConvNeXt and Swin have names of their own. The original files of many
papers, and older versions of timm, are read by timm's own filters, which also bring position embeddings to another size.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor, nn

Tensors = Mapping[str, Tensor]
Rule = tuple[str, str | Callable[[re.Match], str]]
# what timm's filters raise on a file that they were not made for
MISFITS = (KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError, AssertionError, NotImplementedError)
WRAPPERS = ("", "module.", "model.", "module.model.", "backbone.", "1.", "model.1.", "_orig_mod.", "encoder.", "visual.trunk.")
LARGEST_NORMALISATION = 3


@dataclass(frozen=True)
class Reading:
    """One way to read a file: the tensors under the backbone's names, the layout, the prefix taken off, and what lies beside it."""

    tensors: Tensors
    layout: str
    prefix: str
    rest: Tensors = field(default_factory=dict)


def _stage(rest: str) -> Callable[[re.Match], str]:
    """Return a replacement that counts torchvision's `features` as stages: 1, 3, 5, 7 are 0, 1, 2, 3 and 2, 4, 6 lead to 1, 2, 3."""
    return lambda match: rest.format((int(match[1])) // 2, *match.groups()[1:])


_VIT: tuple[Rule, ...] = (
    (r"class_token$", "cls_token"),
    (r"conv_proj\.", "patch_embed.proj."),
    (r"encoder\.pos_embedding$", "pos_embed"),
    (r"encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"encoder\.ln\.", "norm."),
    (r"heads\.head\.", "head."),
    (r"ln_([12])\.", r"norm\1."),
    (r"self_attention\.in_proj_", "attn.qkv."),
    (r"self_attention\.out_proj\.", "attn.proj."),
    (r"mlp\.(?:linear_1|0)\.", "mlp.fc1."),
    (r"mlp\.(?:linear_2|3)\.", "mlp.fc2."),
)
_CONVNEXT: tuple[Rule, ...] = (
    (r"features\.0\.([01])\.", r"stem.\1."),
    (r"features\.([246])\.([01])\.", _stage("stages.{0}.downsample.{1}.")),
    (r"features\.([1357])\.(\d+)\.", _stage("stages.{0}.blocks.{1}.")),
    (r"layer_scale$", "gamma"),
    (r"block\.0\.", "conv_dw."),
    (r"block\.2\.", "norm."),
    (r"block\.3\.", "mlp.fc1."),
    (r"block\.5\.", "mlp.fc2."),
    (r"classifier\.0\.", "head.norm."),
    (r"classifier\.2\.", "head.fc."),
)
_SWIN: tuple[Rule, ...] = (
    (r"features\.0\.0\.", "patch_embed.proj."),
    (r"features\.0\.2\.", "patch_embed.norm."),
    (r"features\.([246])\.", _stage("layers.{0}.downsample.")),
    (r"features\.([1357])\.(\d+)\.", _stage("layers.{0}.blocks.{1}.")),
    (r"mlp\.0\.", "mlp.fc1."),
    (r"mlp\.3\.", "mlp.fc2."),
    (r"head\.(weight|bias)$", r"head.fc.\1"),
)
LAYOUTS: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {"timm": (), "torchvision's ViT": _VIT, "torchvision's ConvNeXt": _CONVNEXT, "torchvision's Swin": _SWIN}
)


def best_reading(tensors: Tensors, backbone: nn.Module, wanted: Tensors) -> Reading:
    """Return the reading of `tensors` that gives the most of `wanted`, by name and shape; the plainest one among equals."""
    best, most = Reading(tensors, "timm", ""), 0
    for reading in readings(tensors, backbone, wanted):
        found = sum(name in reading.tensors and reading.tensors[name].shape == tensor.shape for name, tensor in wanted.items())
        if found > most:
            best, most = reading, found
        if most == len(wanted):
            break
    return best


def readings(tensors: Tensors, backbone: nn.Module, wanted: Tensors) -> Iterator[Reading]:
    """Yield every way to read `tensors`, the plainest first: by layout and prefix, as they are and through timm's filter."""
    own_filter = getattr(sys.modules[type(backbone).__module__], "checkpoint_filter_fn", None)
    for through_filter in (False, True) if own_filter else (False,):
        for layout, rules in LAYOUTS.items():
            renamed = {rename(name, rules): tensor for name, tensor in tensors.items()}
            for prefix in prefixes(renamed, wanted, with_usual=through_filter):
                below = {name.removeprefix(prefix): _flat(tensor, rules) for name, tensor in renamed.items() if name.startswith(prefix)}
                below = _filtered(below, backbone, own_filter) if through_filter else below
                if below:
                    yield Reading(below, layout, prefix, {name: tensor for name, tensor in renamed.items() if not name.startswith(prefix)})


def prefixes(names: Tensors, wanted: Tensors, *, with_usual: bool) -> list[str]:
    """Return the beginnings in front of the backbone's own names, most frequent first, short before long among equals."""
    endings = {name.partition(".")[0] for name in wanted}
    votes: Counter[str] = Counter()
    for name in names:
        parts = name.split(".")
        for place in range(len(parts)):
            if parts[place] in endings and ".".join(parts[place:]) in wanted:
                votes["".join(f"{part}." for part in parts[:place])] += 1
    ranked = sorted(votes, key=lambda prefix: (-votes[prefix], len(prefix)))[:3]
    return list(dict.fromkeys([*ranked, *WRAPPERS])) if with_usual else ranked


def rename(name: str, rules: tuple[Rule, ...]) -> str:
    """Return `name` after every rule; a rule begins at a dot or at the beginning."""
    for pattern, replacement in rules:
        name = re.sub(rf"(?<![^.]){pattern}", replacement, name)
    return name


def is_normalisation(name: str, tensor: Tensor) -> bool:
    """Return whether a tensor is the mean or std of an input layer that a wrapper carries along."""
    return tensor.numel() <= LARGEST_NORMALISATION and name.rpartition(".")[2].lower() in ("mean", "std", "mu", "sigma")


def _flat(tensor: Tensor, rules: tuple[Rule, ...]) -> Tensor:
    # torchvision keeps ConvNeXt's layer scale as (C, 1, 1), timm as (C,)
    return tensor.flatten() if rules and tensor.ndim == 3 and tensor.shape[1:] == (1, 1) else tensor


@torch.no_grad()
def _filtered(tensors: Tensors, backbone: nn.Module, own_filter: Callable) -> Tensors:
    try:
        return own_filter(dict(tensors), backbone)
    except MISFITS:
        return {}
