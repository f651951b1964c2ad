"""Error messages for a file of weights that does not fit the backbone, with the way out."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import timm
import torch
from torch import Tensor, nn

from rft_core.engine.models.containers import Weights
from rft_core.engine.models.heads import head_names
from rft_core.engine.models.layouts import LAYOUTS, renamed
from rft_core.engine.models.order import NOT_NEEDED
from rft_core.engine.models.readings import Reading, is_normalisation, sides
from rft_core.errors import printable
from rft_core.spec import catalog

NAMED, KEYS = 3, 6
# share of a file that need not belong to backbone and head: a projection, tokens, a count
BESIDE = 0.1
# tables that are resized
TABLES = ("pos_embed", "relative_position_bias_table")
# share of a backbone that must be there for a file to be called an incomplete copy of it
MOSTLY = 0.5
Shapes = Counter[tuple[int, ...]]


def refusal_of(
    path: Path,
    weights: Weights,
    backbone: nn.Module,
    wanted: Mapping[str, Tensor],
    reading: Reading,
    left: Sequence[str],
    order: str,
) -> str:
    """Return the whole message: what matched, what is missing, and the way out.

    `order` says why tensors of the same shapes were not matched by their order; "" if the shapes
    differ.
    """
    missing = [name for name in wanted if name not in reading.tensors]
    misfits = [
        name
        for name, tensor in wanted.items()
        if name in reading.tensors and reading.tensors[name].shape != tensor.shape
    ]
    matched = len(wanted) - len(missing) - len(misfits)
    found = f" (names of {reading.layout})" if matched and reading.layout != "timm" else ""
    counts = (
        f"{matched} of {len(wanted)} tensors match{found}, {len(missing)} keys missing"
        f"{some(missing)}, {len(misfits)} of another shape{some(misfits)}, "
        f"{len(left)} unexpected{some(left)}"
    )
    way_out = _way_out(weights, backbone, wanted, reading, matched / len(wanted), left, order)
    return f"{path.name} does not fit this backbone: {counts}; {way_out}"


def _way_out(
    weights: Weights,
    backbone: nn.Module,
    wanted: Mapping[str, Tensor],
    reading: Reading,
    share: float,
    left: Sequence[str],
    order: str,
) -> str:
    if order:
        return (
            "it holds tensors of exactly this backbone's shapes under other names, but they "
            f"cannot be matched by their order: {order}; rename them to the names of this "
            f"backbone, of which the first is {next(iter(wanted))}, and save them with torch.save"
        )
    more = ""
    if share == 1:
        more = "it has more layers than this backbone, and its features would change without them; "
    if similar := likeness(weights.tensors, wanted):
        return f"{more}it looks like {similar}: set model.backbone to that"
    if more:
        return f"{more}choose the architecture it was saved from, by its name in timm"
    if not left and not any(_same_names(wanted, reading)) and share > MOSTLY:
        return (
            "all of it belongs to this backbone, but it is only a part; give the whole"
            " model.state_dict()"
        )
    file = {**reading.rest, **reading.tensors}
    differs = _nearest(_same_names(wanted, reading)) or _nearest(_unmatched(file, wanted))
    like = (
        "it has much of this backbone"
        if share > MOSTLY
        else "it does not look like any backbone of the menu"
    )
    return (
        f"{like}: {_top_level(weights)}{differs and f', and {differs}'}; choose the architecture it"
        " was saved from, by its name in timm"
    )


def deeper(backbone: nn.Module, reading: Reading, left: Sequence[str]) -> list[str]:
    """Return those of `left` that belong after the last layer of a stack of `backbone`."""
    names = [name for name in left if name in reading.tensors]
    stacks = {
        name: {child for child, _ in module.named_children()}
        for name, module in backbone.named_modules()
        if isinstance(module, nn.Sequential | nn.ModuleList)
    }
    return [name for name in names if _is_behind(name.split("."), stacks)]


def _is_behind(parts: Sequence[str], stacks: Mapping[str, set[str]]) -> bool:
    for index in range(1, len(parts)):
        children = stacks.get(".".join(parts[:index]))
        if children and parts[index].isdigit() and parts[index] not in children:
            return int(parts[index]) >= len(children)
    return False


def likeness(tensors: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> str | None:
    """Return the backbone of the menu whose shapes `tensors` has, with little else except a head.

    Never a backbone with the shapes of `ours`, the current backbone; None if there is none.
    """
    best, least = None, BESIDE
    theirs = _readable_shapes(tensors)
    own = _shapes(ours)
    for name, wanted in _menu().items():
        spare = min((_spare(wanted, found) for found in theirs), default=math.inf)
        if wanted != own and spare < least:
            best, least = name, spare
    return best


@cache
def _menu() -> dict[str, Shapes]:
    """Return the shapes of every backbone of the menu, without its head."""
    return {
        choice.name: _shapes(_without_head(_without_memory(choice)))
        for choice in catalog.choices("backbones")
    }


def _spare(wanted: Shapes, found: Shapes) -> float:
    """Return what share of `found` is not in `wanted`; infinite where something is missing."""
    if wanted - found:
        return math.inf
    return (found - wanted).total() / max(found.total(), 1)


def _readable_shapes(tensors: Mapping[str, Tensor]) -> list[Shapes]:
    """Return the shapes of a file as they are, and with q, k and v as one."""
    layouts = ["timm", *(name for name in LAYOUTS if name.startswith("Hugging Face"))]
    shapes = [_shapes(renamed(tensors, layout)) for layout in layouts]
    return [found for index, found in enumerate(shapes) if found not in shapes[:index]]


def _shapes(tensors: Mapping[str, Tensor]) -> Shapes:
    return Counter(sides(tensor) for name, tensor in tensors.items() if _is_weight(name, tensor))


def _is_weight(name: str, tensor: Tensor) -> bool:
    last = name.rpartition(".")[2]
    return not (
        not tensor.is_floating_point()
        or last in (*NOT_NEEDED, *TABLES)
        or is_normalisation(name, tensor)
    )


def _without_head(backbone: nn.Module) -> dict[str, Tensor]:
    head = head_names(backbone)
    state = backbone.state_dict().items()
    return {name: tensor for name, tensor in state if not name.startswith(head)}


def _without_memory(choice: catalog.BackboneRow) -> nn.Module:
    with torch.device("meta"):
        if choice.name in catalog.EMBEDDED_BACKBONES:
            return choice.load()(1000)
        return timm.create_model(choice.name, num_classes=1000)


def _top_level(weights: Weights) -> str:
    """Return what the file holds at its top, by the first part of each name."""
    counts = Counter(printable(name.partition(".")[0]) for name in weights.tensors)
    kept = [f"{key} ({count})" if count > 1 else key for key, count in counts.most_common(KEYS)]
    more = ", ..." if len(counts) > KEYS else ""
    inside = f" below '{printable('.'.join(weights.keys))}'" if weights.keys else ""
    return f"its top-level keys{inside} are {', '.join(kept)}{more}"


Pair = tuple[float, str, tuple[int, ...], tuple[int, ...], str]


def _nearest(pairs: Iterable[Pair]) -> str:
    """Return the two shapes that differ least between file and backbone, as a clause."""
    nearest = min(pairs, key=lambda pair: pair[0], default=None)
    if nearest is None:
        return ""
    _, name, ours, theirs, called = nearest
    if called == name:
        return f"{name} has the shape {theirs} there and {ours} here"
    return f"{called} has the shape {theirs} there, and the nearest here is {name} with {ours}"


def _same_names(wanted: Mapping[str, Tensor], reading: Reading) -> Iterator[Pair]:
    """Yield the tensors that both have under the same name with different shapes."""
    for name, tensor in wanted.items():
        other = reading.tensors.get(name)
        if other is not None and other.shape != tensor.shape:
            ours, theirs = tuple(tensor.shape), tuple(other.shape)
            yield _distance(ours, theirs), name, ours, theirs, name


def _unmatched(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Iterator[Pair]:
    """Yield each tensor that the file lacks paired with each tensor that it has in excess."""
    lacking = _shapes(wanted) - _shapes(tensors)
    spare = _shapes(tensors) - _shapes(wanted)
    ours = _first_of_each(wanted, lacking)
    theirs = _first_of_each(tensors, spare)
    for name, shape in ours:
        for called, other in theirs:
            yield _distance(shape, other), name, shape, other, called


def _first_of_each(
    tensors: Mapping[str, Tensor], shapes: Shapes
) -> list[tuple[str, tuple[int, ...]]]:
    first: dict[tuple[int, ...], tuple[str, tuple[int, ...]]] = {}
    for name, tensor in tensors.items():
        if _is_weight(name, tensor) and shapes[sides(tensor)]:
            first.setdefault(sides(tensor), (name, tuple(tensor.shape)))
    return list(first.values())


def _distance(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """Return how far apart two shapes are: the number of sides first, then the ratios of sides."""
    ratios = (
        abs(math.log(max(ours_side, 1) / max(theirs_side, 1)))
        for ours_side, theirs_side in zip(ours, theirs, strict=False)
    )
    return 100.0 * abs(len(ours) - len(theirs)) + sum(ratios)


def some(names: Sequence[str]) -> str:
    """Return the first few of `names` in brackets after a space; "" for no names."""
    if not names:
        return ""
    shown = ", ".join(map(printable, names[:NAMED]))
    return f" ({shown}{', ...' if len(names) > NAMED else ''})"
