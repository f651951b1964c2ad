"""Checkpoints: model, optimiser and progress as one safetensors file, written whole or not at all.

There is no random state to save: all randomness derives from the seed and the step (seeds.py).
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from rft_core.errors import WeightsError

FILE_NAME = "checkpoint.safetensors"


def save_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Mapping[str, Any]) -> None:
    """Write weights, optimiser state and `progress` (plain JSON data) to `path`, atomically."""
    state = optimizer.state_dict()["state"]
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"optimizer.{index}.{name}": value for index, values in state.items() for name, value in values.items()}
    write_tensors(path, tensors, {"progress": json.dumps(dict(progress))})


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Load what `save_checkpoint` wrote into `model` and `optimizer`; return its progress."""
    tensors, metadata = read_tensors(path)
    weights = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}
    model.load_state_dict(weights)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    values: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, field = name.split(".")
            values.setdefault(int(index), {})[field] = _laid_out_like(parameters[int(index)], tensor)
    optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})
    return json.loads(metadata["progress"])


def _laid_out_like(parameter: Tensor, tensor: Tensor) -> Tensor:
    # the fused optimiser walks through memory: a state in another layout than its weight gives other numbers
    return torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file through a temporary one, synced to disk before the rename."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary, dict(metadata))
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return (tensors, metadata) of a safetensors file; a broken one raises with its name."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} cannot be read as safetensors: {error}; delete it or give another file") from None
