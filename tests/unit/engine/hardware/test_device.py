"""rft_core.engine.hardware.device: where and how a run computes."""

import pytest
import torch

from rft_core.engine.hardware.device import Runtime, choose_runtime, compile_model, memory_format
from rft_core.errors import SettingError
from rft_core.spec.sections import RuntimeSpec
from tests import tiny

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")


def test_cpu():
    runtime = choose_runtime(RuntimeSpec(device="cpu", threads=1), tiny.cnn())
    assert runtime.describe() == {
        "device": "cpu",
        "device_name": "CPU",
        "threads": 1,
        "precision": "float32",
        "memory_format": "contiguous",
    }
    assert torch.get_num_threads() == 1


@NO_GPU
def test_auto_without_a_gpu_is_the_cpu():
    assert choose_runtime(RuntimeSpec(threads=1), tiny.cnn()).device.type == "cpu"


@NO_GPU
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7"])
def test_a_gpu_that_is_not_there(device):
    with pytest.raises(
        SettingError,
        match=(
            f"runtime.device needs a CUDA GPU and this machine has none, got '{device}'; use cpu or"
            " auto"
        ),
    ):
        choose_runtime(RuntimeSpec(device=device, threads=1), tiny.cnn())


@pytest.mark.parametrize(
    ("precision", "inside"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)]
)
def test_precision(precision, inside):
    runtime = Runtime(torch.device("cpu"), 1, precision)
    with runtime.autocast():
        assert torch.mm(torch.ones(2, 2), torch.ones(2, 2)).dtype == inside


def test_layout_follows_the_architecture():
    convolutions = torch.nn.Sequential(*[torch.nn.Conv2d(3, 3, 1) for _ in range(3)])
    assert memory_format(convolutions) is torch.channels_last
    assert memory_format(tiny.vit()) is torch.contiguous_format


def test_compiling_on_a_cpu_is_skipped_with_a_note():
    model = torch.nn.Linear(2, 2)
    why = compile_model(model, Runtime(torch.device("cpu"), 1, "float32"), 8)
    assert "runtime.compile is for GPUs" in why
    assert model._compiled_call_impl is None


def test_a_model_that_cannot_be_compiled_runs_as_it_is(monkeypatch):
    """A GPU that trips over the model's first compiled pass: here the pass itself
    fails, for want of a GPU.
    """
    model = torch.nn.Conv2d(3, 2, 3)
    monkeypatch.setattr(
        torch, "zeros", lambda *shape, device=None: (_ for _ in ()).throw(RuntimeError("no GPU"))
    )
    why = compile_model(model, Runtime(torch.device("cuda"), 1, "float32"), 8)
    monkeypatch.undo()
    assert "RuntimeError" in why
    assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 2, 6, 6)
