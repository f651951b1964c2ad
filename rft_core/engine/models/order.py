"""Weights of the same architecture under other names: matched by their order in the file.

A state_dict lists tensors in the order in which the layers were defined. If a file has the shapes
of a backbone in the backbone's own order, each tensor is identified by its position, whatever its
name. Layers of the same shape could still be swapped, so everything that the names do say must
agree.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from rft_core.engine.models.heads import head_names
from rft_core.engine.models.layouts import Tensors
from rft_core.engine.models.readings import Reading, fit, is_normalisation, sides

# tables that the architecture makes itself, and the statistic that old files lack
COUNTS = "num_batches_tracked"
NOT_NEEDED = (COUNTS, "relative_position_index", "attn_mask")
_ROLES = (
    ("a weight", ("weight", "kernel", "gamma", "scale", "w")),
    ("a bias", ("bias", "beta", "offset", "b")),
    ("a mean", ("mean",)),
    ("a variance", ("var", "variance")),
)
_MARKS = (
    ("a query", ("q", "query", "wq")),
    ("a key", ("k", "key", "wk")),
    ("a value", ("v", "value", "wv")),
    ("a gate", ("gate",)),
    ("a shortcut", ("shortcut", "downsample", "skip", "sc")),
)
# what the last word of a name says about a tensor, and any word about its layer
ROLES = MappingProxyType({word: role for role, words in _ROLES for word in words})
MARKS = MappingProxyType({word: mark for mark, words in _MARKS for word in words})
Named = Sequence[tuple[str, Tensor]]


@dataclass(frozen=True)
class OrderMatch:
    """The result of matching by order: a reading, or the reason why there is none although the
    shapes are the same.

    Both are empty if the file has other shapes.
    """

    reading: Reading | None = None
    reason: str = ""


def match_by_order(tensors: Tensors, backbone: nn.Module, *, has_order: bool) -> OrderMatch:
    """Return how `tensors` fit `backbone` by order, below any prefix, with a head or without.

    `has_order` is False if the file does not keep the order in which layers were defined.
    """
    ours = [item for item in backbone.state_dict().items() if _counts(*item)]
    head, reason = head_names(backbone), ""
    for prefix in _prefixes(tensors, len(ours) // 2):
        below = [
            (name.removeprefix(prefix), tensor)
            for name, tensor in tensors.items()
            if name.startswith(prefix) and _counts(name, tensor)
        ]
        wanted = _same_shapes(ours, below, head)
        if not wanted:
            continue
        reason = _contradiction(wanted, below, head) if has_order else UNORDERED
        if not reason:
            found = {
                name: fit(theirs, tensor)
                for (name, tensor), (_, theirs) in zip(wanted, below, strict=True)
            }
            return OrderMatch(Reading(found, "", prefix, by_order=True))
    return OrderMatch(reason=reason)


UNORDERED = "a .safetensors file is sorted by name, so that its order says nothing"


def _counts(name: str, tensor: Tensor) -> bool:
    is_table = name.rpartition(".")[2] in NOT_NEEDED
    return tensor.is_floating_point() and not is_table and not is_normalisation(name, tensor)


def _prefixes(tensors: Tensors, least: int) -> list[str]:
    """Return the dotted prefixes that at least `least` tensors have, the shortest first."""
    votes: Counter[str] = Counter({"": len(tensors)})
    for name in tensors:
        parts = name.split(".")
        votes.update("".join(f"{part}." for part in parts[: end + 1]) for end in range(3))
    return [prefix for prefix in sorted(votes, key=len) if votes[prefix] >= max(least, 1)]


def _same_shapes(ours: Named, theirs: Named, head: tuple[str, ...]) -> Named:
    """Return those of `ours` that correspond to `theirs`, in order, if the shapes are the same.

    With the head, which may have other classes, or without it; empty if shapes differ.
    """
    backbone = [item for item in ours if not item[0].startswith(head)]
    shapes = Counter(sides(tensor) for _, tensor in backbone)
    if len(theirs) == len(backbone):
        return backbone if Counter(sides(tensor) for _, tensor in theirs) == shapes else ()
    if len(theirs) != len(ours):
        return ()
    # only the order shows which of theirs is the head; all others must be there
    spare = Counter(sides(tensor) for _, tensor in theirs)
    return ours if not shapes - spare else ()


def _contradiction(ours: Named, theirs: Named, head: tuple[str, ...]) -> str:
    """Return the first reason against matching `ours` and `theirs` in order, or ""."""
    if misplaced := _misplaced([name for name, _ in theirs]):
        return misplaced
    for (name, tensor), (called, other) in zip(ours, theirs, strict=True):
        if not _alike(tensor, other, has_classes=name.startswith(head)):
            return (
                f"where this backbone has {name} {tuple(tensor.shape)} it has {called}"
                f" {tuple(other.shape)}"
            )
        role, mark = _role(called), _mark(called)
        if role and _role(name) not in ("", role):
            return f"{called} is {role} by its name, but {name} at its position is {_role(name)}"
        if mark and _mark(name) != mark:
            return f"{called} is of {mark} by its name, but {name} at its position is not"
        if _role(name) == "a variance" and other.numel() and other.min() < 0:
            return f"{called} has negative numbers, but {name} at its position is a variance"
    return ""


def _alike(ours: Tensor, theirs: Tensor, *, has_classes: bool) -> bool:
    if has_classes:
        # a head of other classes has another first side
        return ours.shape[1:].numel() == theirs.shape[1:].numel()
    return sides(ours) == sides(theirs)


def _role(name: str) -> str:
    return ROLES.get(re.split(r"[._]", name.lower())[-1], "")


def _mark(name: str) -> str:
    words = re.split(r"[._]", name.lower())
    return next((MARKS[word] for word in words if word in MARKS), "")


def _misplaced(names: Sequence[str]) -> str:
    """Return where the file's numbering goes backwards, as after sorting (1, 10, 11, 2); or ""."""
    latest: dict[str, int] = {}
    for name in names:
        parts = name.split(".")
        for index, part in enumerate(parts):
            if match := re.search(r"^(.*?)(\d{1,9})$", part):
                stem = ".".join([*parts[:index], match[1]])
                if int(match[2]) < latest.get(stem, 0):
                    return f"its own numbering goes backwards at {name}"
                latest[stem] = int(match[2])
    return ""
