"""Checkpoints: model, optimiser and progress in a safetensors file, written completely or not at
all.

The previous file is kept, so that a damaged checkpoint costs the steps since the previous one and
not the run. There is no random state to save: all randomness derives from the seed and the step
(seeds.py).
"""

import errno
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from rft_core.errors import WeightsError
from rft_core.files.atomic import atomic_file
from rft_core.files.run_files import CHECKPOINT, PREVIOUS_CHECKPOINT

CHECKSUM = "crc32"
# safetensors only gives the reason of a failed write as text
OS_ERROR = re.compile(r"os error (\d+)")


def save_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Mapping[str, Any]
) -> None:
    """Write weights, optimiser state and `progress` (plain JSON data) to `path`, atomically."""
    state = optimizer.state_dict()["state"]
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {
        f"optimizer.{index}.{name}": value
        for index, values in state.items()
        for name, value in values.items()
    }
    write_tensors(
        path,
        tensors,
        {"progress": json.dumps(dict(progress))},
        keep_as=path.with_name(PREVIOUS_CHECKPOINT),
    )


def checkpoints(folder: Path) -> Iterator[Path]:
    """Yield the existing checkpoints of a run, the newest first."""
    yield from (
        path for path in (folder / CHECKPOINT, folder / PREVIOUS_CHECKPOINT) if path.is_file()
    )


def load_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Load what `save_checkpoint` wrote into `model` and `optimizer`; return its progress.

    Raises WeightsError, with model and optimiser untouched, when the file is damaged.
    """
    tensors, metadata = read_tensors(path)
    if "progress" not in metadata:
        raise WeightsError(
            f"{path} is not a checkpoint of a run: it holds no progress; delete it or restore the"
            " right file"
        )
    weights = {
        name.removeprefix("model."): tensor
        for name, tensor in tensors.items()
        if name.startswith("model.")
    }
    model.load_state_dict(weights)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    values: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, field = name.split(".")
            values.setdefault(int(index), {})[field] = _laid_out_like(
                parameters[int(index)], tensor
            )
    optimizer.load_state_dict(
        {"state": values, "param_groups": optimizer.state_dict()["param_groups"]}
    )
    return json.loads(metadata["progress"])


def _laid_out_like(parameter: Tensor, tensor: Tensor) -> Tensor:
    # the fused optimiser goes through memory in order: a state with another layout than its weight
    # gives other numbers
    return torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor


def write_tensors(
    path: Path,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str],
    keep_as: Path | None = None,
) -> None:
    """Write a safetensors file under a temporary name, sync it to disk and read it back before it
    gets its name.

    The file that had the name is kept as `keep_as`, if given. A full disk leaves the old file
    unchanged.
    """
    ours = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        with atomic_file(path, keep_as=keep_as) as temporary:
            save_file(ours, temporary, {**metadata, CHECKSUM: checksum(ours)})
            read_tensors(temporary)
    except SafetensorError as error:
        code = int(found[1]) if (found := OS_ERROR.search(str(error))) else errno.EIO
        raise OSError(code, os.strerror(code), str(path)) from None


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """Return the CRC-32 of names and values, in the order of the names; hexadecimal."""
    total = 0
    for name in sorted(tensors):
        # as bytes whatever the type: numpy knows no bfloat16
        values = (
            tensors[name].contiguous().flatten().view(torch.uint8)
            if tensors[name].numel()
            else torch.empty(0, dtype=torch.uint8)
        )
        total = zlib.crc32(values.numpy().data, zlib.crc32(name.encode(), total))
    return f"{total:08x}"


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return (tensors, metadata) of a safetensors file; WeightsError if it is broken or was changed
    since it was written.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors, metadata = (
                {name: file.get_tensor(name) for name in file.keys()},
                file.metadata() or {},
            )
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} cannot be read as safetensors: {error}; delete it or give another file"
        ) from None
    # files that other programs wrote have no checksum
    if (written := metadata.pop(CHECKSUM, None)) is not None and written != checksum(tensors):
        raise WeightsError(
            f"{path} is damaged: its contents are not those that were written; delete it or give"
            " another file"
        )
    return tensors, metadata
