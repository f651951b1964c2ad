"""What is timed is the same work on both sides; the times themselves are no matter of a test."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from rft_core.bench.curve import EPSILONS, STEPS, measure_curve
from rft_core.bench.limit import count_operations, matmul_rate
from rft_core.bench.measure import cases
from rft_core.bench.training import Case, measure_training
from rft_core.engine.execution import prepare
from rft_core.engine.hardware.device import Runtime
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import UnknownNameError
from rft_core.spec.run_spec import with_settings

SMALL = Case("bloom_convnext", 32, 8, steps=2)


@pytest.fixture
def job(tmp_path: Path):
    return prepare(with_settings(SMALL.spec(), {"runtime.threads": 1}), FolderReporter(tmp_path))


def test_both_loops_take_the_same_steps():
    row = measure_training(SMALL, rounds=2, threads=1)
    # a sign of a gradient near 0 may turn with the memory layout; another learning rate or order
    # would show in the second loss
    assert row["largest_loss_difference"] < 1e-2
    assert row["ratio"] > 0
    low, high = row["ratio_quartiles"]
    assert low <= row["ratio"] <= high
    assert 0 < row["input_share"] < 1


def test_the_operations_of_a_linear_model_are_counted_by_hand(job):
    """One linear layer, 3,072 to 10: a product of 2 x 8 x 3,072 x 10 operations forward, as many
    for the input's gradient, as many for the weight's.
    """
    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10, bias=False))
    product = 2 * 8 * 3072 * 10
    optimizer = torch.optim.SGD([{"params": list(model.parameters()), "peak": 0.0}], lr=0.0)
    linear = replace(job, model=model, optimizer=optimizer)
    # two attack steps of forward and input gradient; the update has a forward and a weight
    # gradient, its input needs none
    assert count_operations(linear) == 2 * 2 * product + 2 * product


@pytest.mark.parametrize("groups", [1, 3])
def test_the_operations_of_a_convolution_are_counted_by_hand(job, groups):
    """Each of 8 x 3 x 32 x 32 outputs is a sum over 3 x 3 pixels of 3 / groups channels."""
    model = nn.Sequential(
        nn.Conv2d(3, 3, 3, padding=1, groups=groups, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(3, 10, bias=False),
    )
    optimizer = torch.optim.SGD([{"params": list(model.parameters()), "peak": 0.0}], lr=0.0)
    convolution, product = 2 * 8 * 3 * 32 * 32 * 9 * 3 // groups, 2 * 8 * 3 * 10
    # the update needs no gradient of the images, but one of the features
    assert (
        count_operations(replace(job, model=model, optimizer=optimizer))
        == 2 * 2 * (convolution + product) + 2 * convolution + 3 * product
    )


def test_counting_changes_nothing(job):
    before = copy.deepcopy(job.model.state_dict())
    count_operations(job)
    assert all(torch.equal(before[name], tensor) for name, tensor in job.model.state_dict().items())


def test_the_curve_is_compared_with_an_attack_at_each_epsilon():
    row = measure_curve("bloom_resnet", images=16, rounds=1, threads=1)
    assert row["ours_accuracies"][0] == row["naive_accuracies"][0] == 1.0
    assert len(row["naive_accuracies"]) == len(EPSILONS)
    assert row["largest_accuracy_excess"] <= 1 / 16
    assert row["gradient_evaluations_ratio"] > 8 * STEPS / (1.5 * STEPS)


def test_a_product_reaches_some_rate():
    assert matmul_rate(Runtime(torch.device("cpu"), 1, "float32")) > 1e8


def test_the_rows_of_a_machine():
    assert [case.backbone for case in cases(["bloom_vit"])] == ["bloom_vit"]
    assert "vit_base_patch16_224" in [case.backbone for case in cases(["vit_base_patch16_224"])]
    with pytest.raises(UnknownNameError, match="bench model"):
        cases(["bloom_vlt"])
