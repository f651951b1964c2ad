"""Start from a file of weights: a robust backbone of others, a run of ours, or a model of your own.

Only tensors and plain data are read: a file that would have to be unpickled is refused.
"""

import argparse
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import timm
import torch
from torch import Tensor, nn

from rft_core import catalog
from rft_core.engine.checkpoint import read_tensors
from rft_core.engine.models.layouts import LAYOUTS, Reading, best_reading, is_normalisation, rename
from rft_core.errors import WeightsError

RUN_FILE = "model.safetensors"
PICKLED = (".pt", ".pth", ".ckpt", ".bin", ".tar")
# where training programs put the weights, the plain ones before their running averages
PLACES = ("state_dict", "model_state_dict", "model", "net", "network", "backbone", "module", "weights", "params", "state_dict_ema", "model_ema", "ema")
# the one statistic that old files lack, and tables that the architecture makes itself
COUNTS = "num_batches_tracked"
NOT_NEEDED = (COUNTS, "relative_position_index", "attn_mask")
STRATEGY_MARKS = ("lora_A", "lora_B", "base_layer", "bottleneck", "phm_rules")
LIKENESS = 0.9
# dictionaries in dictionaries; a file may hold itself
DEEPEST = 4
NAMED = 3
Notify = Callable[[str], None]


def load_backbone(backbone: nn.Module, path: Path, *, mean: Sequence[float] = (), std: Sequence[float] = (), notify: Notify = lambda text: None) -> None:
    """Load every weight of `backbone` but its head from the file `path`, or from the folder of a run; the head stays new.

    Names below wrappers, torchvision's names and those that timm reads are understood, and position embeddings are brought to the
    backbone's size. A file that does not give all of the backbone raises with what is missing and what it looks like. `notify`
    gets what was loaded and what was not; `mean` and `std` are the backbone's, to say so where the file has others.
    """
    path = path / RUN_FILE if path.is_dir() else path
    tensors = read_weights(path)
    _refuse_strategies(path, tensors)
    wanted = backbone_tensors(backbone)
    reading = best_reading(tensors, backbone, wanted)
    missing = [name for name in wanted if name not in reading.tensors]
    misfits = [name for name, tensor in wanted.items() if name in reading.tensors and reading.tensors[name].shape != tensor.shape]
    left = _left_over(backbone, reading)
    if missing or misfits:
        raise WeightsError(_refusal(path, tensors, wanted, missing, misfits, left))
    if broken := [name for name in wanted if not reading.tensors[name].isfinite().all()]:
        raise WeightsError(f"{path.name} holds numbers that are not finite{_some(broken)}; use an earlier checkpoint of that training")
    counts = [name for name in backbone.state_dict() if name.endswith(COUNTS) and name in reading.tensors]
    backbone.load_state_dict({name: reading.tensors[name] for name in (*wanted, *counts)}, strict=False)
    _report(path, backbone, tensors, reading, len(wanted), left, notify)
    _compare_normalisation(path, tensors, {"mean": mean, "std": std}, notify)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name: safetensors, or a torch file that holds tensors and plain data only.

    Where a training program keeps the weights inside dictionaries, they are taken out. Anything else raises with the reason.
    """
    if path.suffix == ".safetensors":
        return read_tensors(path)[0]
    if path.suffix not in PICKLED:
        raise WeightsError(f"{path.name} is no kind of checkpoint that can be read; give a .safetensors file, or one of {', '.join(PICKLED)}")
    if _is_web_page(path):
        raise WeightsError(f"{path.name} is a web page, not weights: the download went wrong; open its address in a browser, then fetch it anew")
    try:
        # Namespace: the plain settings that timm's training script writes beside the weights
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path.name} is not loaded: it holds more than tensors, and reading that could run a program ({_reason(error)}); "
            "save it anew where it comes from, with torch.save(model.state_dict(), FILE) or safetensors"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, BadZipFile) as error:
        raise WeightsError(f"{path.name} cannot be read as a torch checkpoint ({_first_line(error)}); fetch it anew, or give another file") from None
    tensors = unwrap(content)
    if not tensors:
        raise WeightsError(f"{path.name} holds no weights by name; save model.state_dict()")
    return tensors


def _is_web_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == b"<"


def unwrap(content: Any, depth: int = DEEPEST) -> dict[str, Tensor]:
    """Return the tensors by name in what a training program saved, looking into its dictionaries; empty when there are none."""
    if not isinstance(content, Mapping) or not depth:
        return {}
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    return max([tensors, *(unwrap(content.get(place), depth - 1) for place in PLACES)], key=len)


def backbone_tensors(backbone: nn.Module) -> dict[str, Tensor]:
    """Return the weights and statistics of `backbone` that a file must give: all but the head and what it makes itself."""
    head = _head(backbone)
    return {name: tensor for name, tensor in backbone.state_dict().items() if not name.startswith(head) and name.rpartition(".")[2] not in NOT_NEEDED}


def _head(backbone: nn.Module) -> tuple[str, ...]:
    return tuple(f"{name}." for name, module in backbone.named_modules() if module is backbone.get_classifier())


def _refuse_strategies(path: Path, tensors: Mapping[str, Tensor]) -> None:
    marked = [name for name in tensors if set(name.split(".")) & set(STRATEGY_MARKS) or name.endswith((".qkv.up", ".fc1.scale", ".fc2.scale"))]
    if marked:
        raise WeightsError(
            f"{path.name} was saved by a run whose strategy put layers of its own into the backbone (LoRA, Adapter, Compacter or (IA)³){_some(marked)}; "
            "give the file of a run with full_finetune, linear_probe or bitfit, or merge those layers into the weights first"
        )


def _left_over(backbone: nn.Module, reading: Reading) -> list[str]:
    """Return the keys of the file that are used for nothing: no backbone, no head, no input layer, no state of an optimiser."""
    own, quiet = set(backbone.state_dict()), ("optimizer.", *_head(backbone))
    beside = {**reading.rest, **{name: tensor for name, tensor in reading.tensors.items() if name not in own}}
    return [name for name, tensor in beside.items() if not (is_normalisation(name, tensor) or name.startswith(quiet) or name.rpartition(".")[2] in NOT_NEEDED)]


def _report(path: Path, backbone: nn.Module, tensors: Mapping[str, Tensor], reading: Reading, count: int, left: Sequence[str], notify: Notify) -> None:
    how = ", ".join([f"names of {reading.layout}"] * (reading.layout != "timm") + [f"below '{reading.prefix}'"] * bool(reading.prefix))
    notify(f"{path.name}: {count} of {count} backbone tensors loaded{how and f' ({how})'}; the head is new{_old_head(backbone, reading)}")
    raw = {tensor.shape for tensor in tensors.values()}
    resized = [name for name, tensor in backbone_tensors(backbone).items() if "pos" in name and tensor.shape not in raw]
    if resized:
        notify(f"{path.name}: position embeddings were brought to this size{_some(resized)}")
    if left:
        notify(f"{path.name}: {len(left)} tensors are not part of this backbone and were left out{_some(left)}")


def _old_head(backbone: nn.Module, reading: Reading) -> str:
    sizes = {len(reading.tensors[f"{head}bias"]) for head in _head(backbone) if f"{head}bias" in reading.tensors}
    return f", the file's has {sizes.pop()} classes" if sizes else ""


def _compare_normalisation(path: Path, tensors: Mapping[str, Tensor], ours: Mapping[str, Sequence[float]], notify: Notify) -> None:
    """Say so where the file was trained with another mean or std than this backbone's, which are the ones used."""
    for name, tensor in tensors.items():
        kind = {"mu": "mean", "sigma": "std"}.get(name.rpartition(".")[2].lower(), name.rpartition(".")[2].lower())
        if is_normalisation(name, tensor) and ours.get(kind) and not torch.allclose(tensor.flatten().double(), torch.tensor(ours[kind]).double(), atol=2e-3):
            theirs = ", ".join(f"{value:.3f}" for value in tensor.flatten().tolist())
            notify(f"{path.name} was trained with the {kind} {theirs}; this backbone uses {', '.join(f'{value:.3f}' for value in ours[kind])}")


def _refusal(
    path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], missing: Sequence[str], misfits: Sequence[str], left: Sequence[str]
) -> str:
    matched = len(wanted) - len(missing) - len(misfits)
    looks = likeness(tensors)
    way_out = f"it looks like {looks}: set model.backbone to that" if looks else "choose the architecture it was saved from"
    return (
        f"{path.name} does not fit this backbone: {matched} of {len(wanted)} tensors match, {len(missing)} keys missing{_some(missing)}, "
        f"{len(misfits)} of another shape{_some(misfits)}, {len(left)} unexpected{_some(left)}; {way_out}"
    )


def likeness(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the backbone of the menu whose tensors `tensors` has, by shape and the ends of names; None when it is like none of them."""
    best, most = None, LIKENESS
    ends = {layout: {(_end(rename(name, rules)), _sides(tensor)) for name, tensor in tensors.items()} for layout, rules in LAYOUTS.items()}
    for choice in catalog.BACKBONES:
        wanted = [(_end(name), _sides(tensor)) for name, tensor in backbone_tensors(_without_memory(choice)).items()]
        share = max(sum(one in found for one in wanted) for found in ends.values()) / len(wanted)
        if share > most:
            best, most = choice.name, share
    return best


def _without_memory(choice: catalog.Choice) -> nn.Module:
    with torch.device("meta"):
        return choice.load()(1000) if choice.name in catalog.EMBEDDED_BACKBONES else timm.create_model(choice.name, num_classes=1000)


def _end(name: str) -> str:
    return ".".join(name.split(".")[-3:])


def _sides(tensor: Tensor) -> tuple[int, ...]:
    return tuple(side for side in tensor.shape if side > 1)


def _some(names: Sequence[str]) -> str:
    return f" ({', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''})" if names else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


def _reason(error: Exception) -> str:
    """Return the part of torch's long message that names what it met."""
    lines = [line.strip() for line in str(error).splitlines() if "GLOBAL" in line or "Unsupported" in line]
    return (lines or [_first_line(error)])[0][:160]
