"""rft_core.engine.hardware.capture: each call is one step, captured or not."""

import logging

import pytest
import torch

from rft_core.engine.hardware.capture import WARM_UP, CapturedStep

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")


def test_on_a_cpu_it_is_the_step_itself():
    total = torch.zeros(())
    step = CapturedStep(lambda: total.add_(1), torch.device("cpu"))
    for count in range(1, 6):
        step()
        assert total == count
    assert step.graph is None


def test_what_cannot_be_captured_runs_as_it_is_and_says_so_once(monkeypatch, caplog):
    """The capture fails half way, with the Python side of the step changed already."""
    total, buffers = torch.zeros(()), {"kept": True}
    step = CapturedStep(lambda: total.add_(1), torch.device("cpu"), restore=buffers.clear)
    # what a GPU is needed for, but for the fault itself
    step.is_capturable = True
    step._on_stream = step.step

    class Refused:
        def __init__(self):
            buffers["spoilt"] = True
            raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Refused)
    with caplog.at_level(logging.INFO):
        for count in range(1, WARM_UP + 5):
            step()
            assert total == count
    assert buffers == {}
    assert [line.getMessage() for line in caplog.records] == [
        "a step is not captured, it runs as it is: operation not permitted when stream is capturing"
    ]


@GPU
def test_a_replay_does_what_the_step_does():
    device = torch.device("cuda")
    weight = torch.randn(64, 64, device=device)
    state, other = (torch.ones(8, 64, device=device) for _ in range(2))

    def step(buffer):
        buffer.copy_(torch.tanh(buffer @ weight))

    captured = CapturedStep(lambda: step(state), device)
    for _ in range(WARM_UP + 4):
        captured()
        step(other)
        assert torch.equal(state, other)
    assert captured.graph is not None
