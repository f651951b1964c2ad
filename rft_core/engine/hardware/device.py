"""Where and how a run computes: device, threads, memory layout, precision.

Chosen automatically, with fall-backs.
"""

import math
import resource
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import psutil
import torch
from torch import nn

from rft_core.engine.models.modes import eval_mode
from rft_core.errors import SettingError
from rft_core.spec.sections import RuntimeSpec


@dataclass(frozen=True)
class Runtime:
    """The choices made for one run, as they are written into its report."""

    device: torch.device
    threads: int
    precision: str
    memory_format: torch.memory_format = torch.contiguous_format

    def autocast(self) -> AbstractContextManager:
        """Context for forward passes in training; reported evaluation never uses it."""
        return (
            torch.autocast(self.device.type, torch.bfloat16)
            if self.precision == "bfloat16"
            else nullcontext()
        )

    def describe(self) -> dict[str, str | int]:
        """Return device, threads and precision as plain data."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "CPU"
        layout = "channels_last" if self.memory_format is torch.channels_last else "contiguous"
        return {
            "device": str(self.device),
            "device_name": name,
            "threads": self.threads,
            "precision": self.precision,
            "memory_format": layout,
        }


def peak_memory(device: torch.device) -> dict[str, float]:
    """Return the most memory in MiB that this process has held so far, and on a CUDA device the
    most its tensors took there. Microseconds.
    """
    # Linux counts in KiB, macOS in bytes
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = {
        "process_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
    }
    if device.type == "cuda":
        peak["device_memory_mib"] = round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    return peak


def choose_runtime(spec: RuntimeSpec, model: nn.Module) -> Runtime:
    """Return the runtime for `spec`; sets the number of CPU threads of this process."""
    device = _device(spec.device)
    threads = spec.threads or psutil.cpu_count(logical=False) or 1
    torch.set_num_threads(threads)
    return Runtime(device, threads, _precision(spec.precision, device), memory_format(model))


def compile_model(model: nn.Module, runtime: Runtime, image_size: int) -> str | None:
    """Compile `model` in place on a GPU and try it once; return why it was left as it was, or None
    when it was compiled.

    Weights, their names and the training flags stay the same.
    """
    if runtime.device.type != "cuda":
        return (
            "runtime.compile is for GPUs (on a CPU compiling takes longer than it saves); the run"
            " is not compiled"
        )
    model.compile()
    try:
        with eval_mode(model), torch.no_grad():
            model(torch.zeros(2, 3, image_size, image_size, device=runtime.device))
    # whatever the compiler trips over, the run goes on without it
    except Exception as error:
        model._compiled_call_impl = None
        return f"the model could not be compiled ({type(error).__name__}); the run is not compiled"
    return None


def room_for_images(device: torch.device) -> float:
    """Return how many bytes of images may be kept on `device`: half of what is free on a GPU, the
    rest being for training.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 2
    if device.type == "mps":
        return max(0, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()) / 2
    return math.inf


def memory_format(model: nn.Module) -> torch.memory_format:
    """Return channels_last for networks made of convolutions, contiguous for the rest."""
    convolutions = sum(isinstance(module, nn.Conv2d) for module in model.modules())
    return torch.channels_last if convolutions > 2 else torch.contiguous_format


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise SettingError(
            "runtime.device", name, "needs a CUDA GPU and this machine has none; use cpu or auto"
        )
    if name == "mps" and not torch.backends.mps.is_available():
        raise SettingError(
            "runtime.device", name, "needs an Apple GPU and this machine has none; use cpu or auto"
        )
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise SettingError(
            "runtime.device",
            name,
            f"is not one of the {torch.cuda.device_count()} GPUs of this machine; use cuda:0 or"
            " auto",
        )
    return device


def _precision(wanted: str, device: torch.device) -> str:
    if wanted == "bfloat16" and device.type == "cpu":
        # measured with torch 2.15: four of eight equal tiny runs ended with
        # weights that are not finite
        raise SettingError(
            "runtime.precision",
            wanted,
            "is for GPUs, on a CPU it is slower and not reliable; use auto or float32",
        )
    if wanted == "auto":
        return "bfloat16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"
    return wanted
