"""Every way to read a file for a backbone: by layout, by prefix, and through timm's own filter.

The original files of many papers, and of older versions of timm, are read by timm's filters, which
also resize position embeddings. The reading that fits a backbone best is used.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rft_core.engine.models.layouts import CLIP_LAYOUTS, LAYOUTS, Tensors, renamed

# what timm's filters raise on a file they do not understand
MISFITS = (
    KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError, AssertionError,
    NotImplementedError,
)  # fmt: skip
WRAPPERS = (
    "", "module.", "model.", "module.model.", "backbone.", "1.", "model.1.", "_orig_mod.",
    "encoder.", "visual.trunk.",
)  # fmt: skip
LARGEST_NORMALISATION = 3
# used only if nothing else holds the same tensors: averages, and the students of a distillation
# (DINO is evaluated by its teacher, MoCo by the encoder of its queries)
SECOND = frozenset(
    ("ema", "average", "averaged", "avg", "swa", "shadow", "student", "momentum", "target")
)
# tensors that only the vision towers of CLIP have: of the transformer and of the ResNet
TOWER = ("class_embedding", "attnpool.positional_embedding")
VISUAL = "visual."


@dataclass(frozen=True)
class Reading:
    """A way to read a file: the tensors under the backbone's names, and how they were found.

    `prefix` was removed from the names; `rest` are the tensors without it. `by_order` is True if no
    name was used.
    """

    tensors: Tensors
    layout: str
    prefix: str
    rest: Tensors = field(default_factory=dict)
    by_order: bool = False


def best_reading(tensors: Tensors, backbone: nn.Module, wanted: Tensors) -> Reading:
    """Return the reading of `tensors` that gives the most of `wanted`, by name and shape; among
    equals the plainest.
    """
    best, most = Reading(tensors, "timm", ""), 0
    for reading in readings(tensors, backbone, wanted):
        found = count_fitting(reading, wanted)
        if found > most:
            best, most = reading, found
        if most == len(wanted):
            break
    return best


def count_fitting(reading: Reading, wanted: Tensors) -> int:
    """Return how many of `wanted` the reading has under the same name and with the same shape."""
    theirs = reading.tensors
    return sum(
        name in theirs and theirs[name].shape == tensor.shape for name, tensor in wanted.items()
    )


def readings(tensors: Tensors, backbone: nn.Module, wanted: Tensors) -> Iterator[Reading]:
    """Yield every way to read `tensors`, the plainest first: as they are, then filtered."""
    module = sys.modules[type(backbone).__module__]
    own_filter = getattr(module, "checkpoint_filter_fn", None)
    for own in (None, own_filter) if own_filter else (None,):
        for layout in LAYOUTS:
            names = renamed(tensors, layout)
            for prefix in prefixes(names, wanted, with_usual=own is not None):
                below, rest = _split(names, prefix)
                read: Tensors = {name: fit(below[name], wanted.get(name)) for name in below}
                if own is not None:
                    read = _filtered(read, backbone, own)
                if read:
                    yield Reading(read, layout, prefix, rest)
    if own_filter:
        yield from _towers(tensors, backbone, own_filter)


def _towers(tensors: Tensors, backbone: nn.Module, own_filter: Callable) -> Iterator[Reading]:
    """Yield readings of a vision tower of CLIP, wrapped or not, through timm's filter."""
    ends = [(name, end) for name in tensors for end in TOWER if name.endswith(end)]
    for prefix in dict.fromkeys(name.removesuffix(end) for name, end in ends):
        below, rest = _split(tensors, prefix)
        tower = {f"{VISUAL}{name}": tensor for name, tensor in below.items()}
        if found := _filtered(tower, backbone, own_filter):
            yield Reading(found, CLIP_LAYOUTS[0], prefix, rest)


def _split(tensors: Tensors, prefix: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the tensors below `prefix`, without it, and all others."""
    below: dict[str, Tensor] = {}
    rest: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            below[name.removeprefix(prefix)] = tensor
        else:
            rest[name] = tensor
    return below, rest


def prefixes(names: Tensors, wanted: Tensors, *, with_usual: bool) -> list[str]:
    """Return the prefixes of the backbone's own names, most frequent first.

    Among equals averages and students come last, and short prefixes before long.
    """
    endings = {name.partition(".")[0] for name in wanted}
    votes: Counter[str] = Counter()
    for name in names:
        parts = name.split(".")
        for index, part in enumerate(parts):
            if part in endings and ".".join(parts[index:]) in wanted:
                votes["".join(f"{part}." for part in parts[:index])] += 1
    ranked = sorted(votes, key=lambda prefix: (-votes[prefix], is_second(prefix), len(prefix)))[:3]
    return list(dict.fromkeys([*ranked, *WRAPPERS])) if with_usual else ranked


def is_second(name: str) -> bool:
    """Return whether a name says that it holds an average, or the student of a distillation."""
    return not SECOND.isdisjoint(re.split(r"[._]", name.lower())) or "encoder_k." in name


def is_normalisation(name: str, tensor: Tensor) -> bool:
    """Return whether a tensor is the mean or std of an input layer that a wrapper carries along."""
    last = name.rpartition(".")[2].lower()
    return tensor.numel() <= LARGEST_NORMALISATION and last in ("mean", "std", "mu", "sigma")


def sides(tensor: Tensor) -> tuple[int, ...]:
    """Return the shape of `tensor` without its sides of 1."""
    return tuple(side for side in tensor.shape if side > 1)


def fit(tensor: Tensor, like: Tensor | None) -> Tensor:
    """Return `tensor` in the shape of `like` where only sides of 1 differ.

    torchvision keeps ConvNeXt's layer scale as (C, 1, 1), timm as (C,); a linear layer in one
    library is a convolution of 1 x 1 in another. Embeddings of another size get the dimensions they
    lack.
    """
    if like is None:
        return tensor
    if sides(tensor) == sides(like):
        return tensor.reshape(like.shape)
    is_table = tensor.ndim == 2 and like.ndim == 3 and like.shape[0] == 1
    return tensor.unsqueeze(0) if is_table and tensor.shape[1] == like.shape[2] else tensor


@torch.no_grad()
def _filtered(tensors: Tensors, backbone: nn.Module, own_filter: Callable) -> Tensors:
    try:
        return own_filter(dict(tensors), backbone)
    except MISFITS:
        return {}
