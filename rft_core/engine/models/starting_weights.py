"""Start from a file of weights: a robust backbone that others trained, a run of ours, or your own
model.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from rft_core.engine.models.containers import Weights, read_candidates
from rft_core.engine.models.heads import head_names
from rft_core.engine.models.layouts import CLIP_LAYOUTS
from rft_core.engine.models.order import COUNTS, NOT_NEEDED, match_by_order
from rft_core.engine.models.readings import (
    Reading,
    best_reading,
    count_fitting,
    is_normalisation,
)
from rft_core.engine.models.refusals import deeper, refusal_of, some
from rft_core.errors import WeightsError
from rft_core.files import run_files

STRATEGY_MARKS = ("lora_A", "lora_B", "base_layer", "bottleneck", "phm_rules")
STRATEGY_ENDS = (".qkv.up", ".fc1.scale", ".fc2.scale")
Notify = Callable[[str], None]


def load_backbone(
    backbone: nn.Module,
    path: Path,
    *,
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    notify: Notify = lambda text: None,
) -> None:
    """Load every weight of `backbone` but its head from the file `path`; the head stays new.

    `path` may be the folder of a run. Names inside wrappers, names of torchvision and of Hugging
    Face's transformers and names that timm reads are understood, position embeddings are resized
    to fit, and if names say nothing the order of the file decides. WeightsError for a file that
    does not hold all of the backbone says what is missing and what the file looks like. `notify`
    gets lines on what was loaded, how, and what was not; `mean` and `std` are the backbone's, for
    a note if the file has others.
    """
    path = path / run_files.WEIGHTS if path.is_dir() else path
    candidates = read_candidates(path)
    for weights in candidates:
        _refuse_strategies(path, weights.tensors)
    wanted = backbone_tensors(backbone)
    weights, reading = _best(candidates, backbone, wanted)
    left = _left_over(backbone, reading)
    if count_fitting(reading, wanted) < len(wanted) or deeper(backbone, reading, left):
        order = match_by_order(weights.tensors, backbone, has_order=weights.has_order)
        raise WeightsError(refusal_of(path, weights, backbone, wanted, reading, left, order.reason))
    _refuse_broken(path, wanted, reading)
    own = backbone.state_dict()
    counts = [name for name in own if name.endswith(COUNTS) and name in reading.tensors]
    taken = {name: reading.tensors[name] for name in (*wanted, *counts)}
    backbone.load_state_dict(taken, strict=False)
    for note in _notes(path, candidates, weights, backbone, reading, len(wanted), left):
        notify(note)
    _compare_normalisation(path, weights.tensors, {"mean": mean, "std": std}, notify)


def _best(
    candidates: Sequence[Weights], backbone: nn.Module, wanted: Mapping[str, Tensor]
) -> tuple[Weights, Reading]:
    """Return the first dictionary that gives all of `wanted`, by name or else by order; if there is
    none, the dictionary that gives most of it.
    """
    found = [(weights, best_reading(weights.tensors, backbone, wanted)) for weights in candidates]
    for weights, reading in found:
        if count_fitting(reading, wanted) == len(wanted):
            return weights, reading
    for weights, _ in found:
        order = match_by_order(weights.tensors, backbone, has_order=weights.has_order)
        if order.reading is not None:
            return weights, order.reading
    return max(found, key=lambda pair: count_fitting(pair[1], wanted))


def backbone_tensors(backbone: nn.Module) -> dict[str, Tensor]:
    """Return the weights and statistics of `backbone` that a file must give: all but the head and
    the tables that it makes itself.
    """
    head = head_names(backbone)
    return {
        name: tensor
        for name, tensor in backbone.state_dict().items()
        if not name.startswith(head) and name.rpartition(".")[2] not in NOT_NEEDED
    }


def _refuse_strategies(path: Path, tensors: Mapping[str, Tensor]) -> None:
    marked = [
        name
        for name in tensors
        if set(name.split(".")) & set(STRATEGY_MARKS) or name.endswith(STRATEGY_ENDS)
    ]
    if marked:
        raise WeightsError(
            f"{path.name} was saved by a run whose strategy added layers to the "
            f"backbone (LoRA, Adapter, Compacter or (IA)³){some(marked)}; give the file of a run "
            "with full_finetune, linear_probe or bitfit, or merge those layers into the weights "
            "first"
        )


def _refuse_broken(path: Path, wanted: Mapping[str, Tensor], reading: Reading) -> None:
    if broken := [name for name in wanted if not reading.tensors[name].isfinite().all()]:
        raise WeightsError(
            f"{path.name} holds numbers that are not finite{some(broken)}; use an earlier"
            " checkpoint of that training"
        )


def _left_over(backbone: nn.Module, reading: Reading) -> list[str]:
    """Return the keys of the file that are not used: not of the backbone, a head, an input layer or
    an optimiser.
    """
    own, ignored = set(backbone.state_dict()), ("optimizer.", *head_names(backbone))
    more = {name: tensor for name, tensor in reading.tensors.items() if name not in own}
    return [
        name
        for name, tensor in {**reading.rest, **more}.items()
        if not is_normalisation(name, tensor)
        and not name.startswith(ignored)
        and name.rpartition(".")[2] not in NOT_NEEDED
    ]


def _notes(
    path: Path,
    candidates: Sequence[Weights],
    weights: Weights,
    backbone: nn.Module,
    reading: Reading,
    count: int,
    left: Sequence[str],
) -> list[str]:
    """Return the lines for the log about a file that was loaded."""
    how = ", ".join(_ways(candidates, weights, reading))
    notes = [
        f"{count} of {count} backbone tensors loaded{how and f' ({how})'}; the head is"
        f" new{_old_head(backbone, reading)}"
    ]
    raw = {tensor.shape for tensor in weights.tensors.values()}
    ours = backbone_tensors(backbone)
    resized = [name for name, tensor in ours.items() if _is_resized(name, tensor, raw)]
    if resized:
        notes.append(f"position embeddings were resized to fit{some(resized)}")
    if left:
        notes.append(
            f"{len(left)} tensors are not part of this backbone and were left out{some(left)}"
        )
    if reading.by_order:
        first, second = next(iter(weights.tensors)), next(iter(reading.tensors))
        notes.append(
            "its names are not those of this backbone; it has the same shapes in the same order, "
            f"and each tensor was matched by its position ({first} became {second}, and so on); "
            "what a file does not hold, such as activations and padding, is this backbone's"
        )
    if reading.layout in CLIP_LAYOUTS:
        notes.append(_activation(backbone))
    return [f"{path.name}: {note}" for note in notes]


def _is_resized(name: str, tensor: Tensor, raw: set[torch.Size]) -> bool:
    # CLIP keeps its table without the leading side of 1
    return "pos" in name and tensor.shape not in raw and tensor.shape[1:] not in raw


def _ways(candidates: Sequence[Weights], weights: Weights, reading: Reading) -> list[str]:
    """Return how the weights were found in the file, if not in the plainest way."""
    notes = ["by order"] * reading.by_order
    if reading.layout not in ("", "timm"):
        notes.append(f"names of {reading.layout}")
    if reading.prefix:
        notes.append(f"below '{reading.prefix}'")
    rivals = [
        ".".join(other.keys) or "the file itself"
        for other in candidates
        if other is not weights and len(other.tensors) >= len(weights.tensors) * 0.9
    ]
    if rivals:
        source = ".".join(weights.keys) or "the file itself"
        notes.append(f"those of '{source}'; it also holds {', '.join(rivals)}")
    return notes


def _activation(backbone: nn.Module) -> str:
    kinds = {type(module).__name__ for module in backbone.modules()}
    name = "quick GELU" if "QuickGELU" in kinds else "GELU"
    return (
        f"this backbone uses {name}, but the file does not say which its weights were trained "
        "with: OpenAI's CLIP and what was made from it (FARE, TeCoA) need a backbone with "
        "quickgelu in its name, OpenCLIP's own weights mostly a backbone without it"
    )


def _old_head(backbone: nn.Module, reading: Reading) -> str:
    biases = [reading.tensors.get(f"{head}bias") for head in head_names(backbone)]
    sizes = {len(bias) for bias in biases if bias is not None}
    return f", the file's has {sizes.pop()} classes" if sizes else ""


def _compare_normalisation(
    path: Path,
    tensors: Mapping[str, Tensor],
    ours: Mapping[str, Sequence[float]],
    notify: Notify,
) -> None:
    """Notify if the file was trained with another mean or std than this backbone's."""
    for name, tensor in tensors.items():
        last = name.rpartition(".")[2].lower()
        kind = {"mu": "mean", "sigma": "std"}.get(last, last)
        if not is_normalisation(name, tensor) or not ours.get(kind):
            continue
        used = torch.tensor(ours[kind]).double()
        if not torch.allclose(tensor.flatten().double(), used, atol=2e-3):
            theirs = ", ".join(f"{value:.3f}" for value in tensor.flatten().tolist())
            own = ", ".join(f"{value:.3f}" for value in ours[kind])
            notify(f"{path.name} was trained with the {kind} {theirs}; this backbone uses {own}")
