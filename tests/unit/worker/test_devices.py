"""rft_core.worker.devices: found without loading torch."""

import pytest

from rft_core.worker.devices import local_devices


@pytest.mark.parametrize(
    ("visible", "devices"),
    [
        ("", ("cpu",)),
        ("-1", ("cpu",)),
        ("0", ("cpu", "cuda:0")),
        ("2,5", ("cpu", "cuda:0", "cuda:1")),
        ("GPU-abc", ("cpu", "cuda:0")),
    ],
)
def test_the_environment_decides(monkeypatch, visible, devices):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert local_devices() == devices


def test_no_driver_no_gpu(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert local_devices() == ("cpu",)


@pytest.mark.parametrize(
    ("script", "devices"),
    [
        ("printf 'GPU 0: A\\nGPU 1: B\\n'", ("cpu", "cuda:0", "cuda:1")),
        ("echo GPU 0; exit 9", ("cpu",)),
    ],
)
def test_the_driver_is_asked(monkeypatch, tmp_path, script, devices):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert local_devices() == devices
