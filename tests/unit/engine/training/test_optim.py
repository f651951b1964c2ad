"""rft_core.engine.training.optim: groups, warm-up and decay."""

import math

import pytest

from rft_core.engine.training.optim import build_optimizer, learning_rate_factor, set_learning_rate
from rft_core.spec.sections import OptimSpec
from tests import tiny


@pytest.mark.parametrize(
    ("progress", "warmup", "decay", "expected"),
    [
        # a hundred steps, ten of them warm-up: the first takes a tenth of the
        # peak, the tenth all of it
        (0.0, 0.1, "cosine", 0.1),
        (0.04, 0.1, "cosine", 0.5),
        (0.09, 0.1, "cosine", 1.0),
        # a warm-up of half a step is over after it
        (0.0, 0.005, "cosine", 1.0),
        (0.1, 0.1, "cosine", 1.0),
        (0.55, 0.1, "cosine", 0.5),
        (1.0, 0.1, "cosine", 0.0),
        (0.325, 0.1, "cosine", (1 + math.cos(math.pi / 4)) / 2),
        (0.55, 0.1, "linear", 0.5),
        (1.0, 0.1, "linear", 0.0),
        (0.99, 0.1, "none", 1.0),
        (0.0, 0.0, "none", 1.0),
        (0.0, 0.0, "cosine", 1.0),
        (0.5, 1.0, "cosine", 0.51),
        (1.0, 1.0, "cosine", 1.0),
    ],
)
def test_learning_rate_factor(progress, warmup, decay, expected):
    assert learning_rate_factor(
        progress, warmup_fraction=warmup, decay=decay, one_step=0.01
    ) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("decay", ["cosine", "linear", "none"])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("steps", [1, 3, 40])
def test_no_step_of_a_run_is_without_a_learning_rate(decay, warmup, steps):
    rates = [
        learning_rate_factor(step / steps, warmup_fraction=warmup, decay=decay, one_step=1 / steps)
        for step in range(steps)
    ]
    assert all(0 < rate <= 1 for rate in rates)


def groups_of(model, **settings):
    head = model.backbone[-1]
    return build_optimizer(
        model, head, OptimSpec(learning_rate=0.1, weight_decay=0.3, **settings)
    ).param_groups, head


def test_the_head_has_its_own_rate_and_vectors_are_not_decayed():
    model = tiny.cnn()
    groups, head = groups_of(model, head_learning_rate=0.5)
    in_head = {id(parameter) for parameter in head.parameters()}
    assert len(groups) == 4
    for group in groups:
        for parameter in group["params"]:
            assert group["peak"] == (0.5 if id(parameter) in in_head else 0.1)
            assert group["weight_decay"] == (0.0 if parameter.ndim == 1 else 0.3)
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_the_head_takes_the_backbones_rate_by_default():
    groups, _ = groups_of(tiny.cnn())
    assert {group["peak"] for group in groups} == {0.1}


def test_frozen_weights_are_left_out():
    model = tiny.cnn().requires_grad_(False)
    model.backbone[-1].requires_grad_(True)
    groups, head = groups_of(model)
    assert {id(parameter) for group in groups for parameter in group["params"]} == {
        id(parameter) for parameter in head.parameters()
    }


def test_set_learning_rate_keeps_the_peaks():
    model = tiny.cnn()
    optimizer = build_optimizer(
        model, model.backbone[-1], OptimSpec(learning_rate=0.1, head_learning_rate=0.5)
    )
    for factor in (0.5, 0.0, 1.0):
        set_learning_rate(optimizer, factor)
        assert [group["lr"] for group in optimizer.param_groups] == [
            group["peak"] * factor for group in optimizer.param_groups
        ]
