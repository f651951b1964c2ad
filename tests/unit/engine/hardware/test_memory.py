"""rft_core.engine.hardware.memory: what a forward pass keeps is counted, and batches are
cut to what is free.
"""

import pytest
import torch
from torch import nn

from rft_core.engine import execution
from rft_core.engine.hardware.memory import fitting_batch, is_out_of_memory, kept_bytes
from tests import tiny


def test_a_linear_map_and_a_relu_keep_what_they_must():
    """The backward pass of y = relu(W x) needs x (for W) and y: 3*8*8 and 5 floats an image."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5), nn.ReLU())
    assert kept_bytes(model, 8, torch.device("cpu")) == 4 * (3 * 8 * 8 + 5)


@pytest.mark.parametrize("build", [tiny.cnn, tiny.vit])
def test_more_pixels_keep_more_and_the_model_is_left_alone(build):
    model = build().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    size = kept_bytes(model, 16, torch.device("cpu"))
    assert size > 4 * 3 * 16 * 16
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("free", "expected"), [(10**9, 64), (64 * 1600 + 10_000, 32), (50_000, 16), (1, 1)]
)
def test_batches_are_halved_until_they_fit(free, expected):
    assert fitting_batch(64, 1000, free) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (
            RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            ),
            True,
        ),
        (RuntimeError("shapes do not match"), False),
        (ValueError("not enough memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, expected):
    assert is_out_of_memory(error) == expected


@pytest.mark.parametrize(
    ("size", "batch_size", "free", "expected"),
    [
        (32, 16, 2**40, (0, 256)),
        (64, 16, 2**40, (0, 256)),
        (72, 16, 2**40, (0, 16)),
        (72, 512, 2**40, (0, 256)),
        (32, 16, 1, (2, 1)),
    ],
)
def test_photographs_are_measured_no_more_at_a_time_than_trained_on(
    monkeypatch, size, batch_size, free, expected
):
    monkeypatch.setattr(execution, "free_bytes", lambda device: free)
    assert (
        execution._fit(
            tiny.run_spec(optim__batch_size=batch_size), tiny.cnn(), size, torch.device("cpu")
        )
        == expected
    )
