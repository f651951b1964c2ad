"""The devices of this machine, found without loading torch."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from rft_core.errors import SettingError
from rft_core.spec.run_spec import RunSpec


def local_devices() -> tuple[str, ...]:
    """Return "cpu" and "cuda:0", "cuda:1", ... for the NVIDIA GPUs that a run may use."""
    return ("cpu", *(f"cuda:{index}" for index in range(_count_gpus())))


def require_device(spec: RunSpec, devices: Sequence[str]) -> None:
    """Raise when `spec` wants a device that is not among `devices`: it would wait for ever."""
    wanted = spec.runtime.device
    if wanted != "auto" and wanted not in devices and not (wanted == "cuda" and len(devices) > 1):
        raise SettingError(
            "runtime.device",
            wanted,
            f"is not on this machine, which has {', '.join(devices)}; use auto",
        )


def _count_gpus() -> int:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([gpu for gpu in visible.split(",") if gpu.strip() not in ("", "-1")])
    if shutil.which("nvidia-smi") is None:
        return 0
    try:
        listing = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return (
        sum(line.startswith("GPU ") for line in listing.stdout.splitlines())
        if listing.returncode == 0
        else 0
    )
