"""rft_core.engine.hardware.folding: a folded twin gives the model's gradients, and the
model does not notice.
"""

import copy

import pytest
import torch
from torch import nn

from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.attacks.stepwise import input_gradient
from rft_core.engine.hardware.device import memory_format
from rft_core.engine.hardware.folding import Fold, Folding, find_folds
from rft_core.engine.measuring.evaluate import evaluate
from rft_core.engine.models import embedded
from rft_core.engine.models.modes import train_mode
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.objectives.adversary import Adversary
from rft_core.spec import catalog
from rft_core.spec.sections import StrategySpec
from tests import tiny
from tests.unit.engine.hardware.foldable import FOLDED, LEFT, Branched, settled


@pytest.mark.parametrize("name", FOLDED)
def test_gradients_and_logits_are_those_of_the_model(name):
    build, norms = FOLDED[name]
    model, (images, labels) = settled(build()), tiny.pictures(8, 32)
    images = images.contiguous(memory_format=memory_format(model))
    twin = Folding().of(model, images)
    folds = find_folds(model, images.shape[1:])
    assert sum(fold.norm is not None for fold in folds) == norms
    assert sum(fold.normalizes for fold in folds) == 1
    assert not any(
        isinstance(module, (nn.BatchNorm2d, NormalizedModel)) for module in twin.modules()
    )
    gradient, logits, _ = input_gradient(model, images, labels)
    folded, answer, _ = input_gradient(twin, images, labels)
    assert (folded - gradient).norm() <= 1e-5 * gradient.norm()
    assert (answer - logits).abs().max() <= 1e-5 * logits.abs().max()
    assert folded.stride() == gradient.stride()


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_folded_is_left(name):
    model, (images, labels) = settled(LEFT[name]()), tiny.pictures(8, 32)
    twin = Folding().of(model, images)
    # where the norm must stay, the normalisation of the pixels may still go into a convolution
    assert any(isinstance(module, nn.BatchNorm2d) for module in twin.modules())
    if name != "noise":
        torch.testing.assert_close(
            input_gradient(twin, images, labels)[0],
            input_gradient(model, images, labels)[0],
            rtol=1e-4,
            atol=1e-7,
        )


def test_a_second_use_is_seen_before_the_numbers_show_it():
    model = settled(Branched(share=1e-12))
    assert find_folds(model, (3, 32, 32)) == [Fold("backbone.conv", None, True)]


def test_the_points_of_an_attack_are_the_same_but_for_gradients_about_zero():
    model, (images, labels) = settled(embedded.bloom_resnet(5)), tiny.pictures(16, 32)
    points = [
        pgd(network, images, labels, norm="linf", epsilon=8 / 255, steps=3)
        for network in (model, Folding().of(model, images))
    ]
    assert ((points[0] - points[1]).abs() > 1e-6).float().mean() < 1e-3
    assert not torch.equal(points[0], images)


def test_the_model_does_not_notice():
    model, (images, labels) = settled(embedded.bloom_resnet(5)), tiny.pictures(8, 32)
    train_mode(model)
    before, flags = (
        copy.deepcopy(model.state_dict()),
        [module.training for module in model.modules()],
    )
    modules, stream = list(model.modules()), torch.get_rng_state()
    attack(Folding())(model, images, labels)
    assert list(model.modules()) == modules
    assert [module.training for module in modules] == flags
    assert {name: tensor.tolist() for name, tensor in model.state_dict().items()} == {
        name: tensor.tolist() for name, tensor in before.items()
    }
    assert all(
        parameter.requires_grad and parameter.grad is None for parameter in model.parameters()
    )
    assert torch.equal(torch.get_rng_state(), stream)
    assert not any(module._forward_hooks for module in modules)


def attack(folding: Folding | None) -> Adversary:
    return Adversary(
        attack=pgd,
        norm="l2",
        epsilon=0.5,
        steps=2,
        relative_step_size=None,
        random_start=False,
        generator=None,
        folding=folding,
    )


def test_a_training_step_does_not_make_the_twin_stale():
    """Weights and statistics move between two attacks; loading weights moves them too."""
    model, (images, labels) = settled(embedded.bloom_resnet(5)), tiny.pictures(8, 32)
    folding = Folding()
    first = folding.of(model, images)
    start = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True)
    nn.functional.cross_entropy(train_mode(model)(images), labels).backward()
    optimizer.step()
    model.eval()
    for change in (lambda: None, lambda: model.load_state_dict(start)):
        change()
        assert folding.of(model, images) is first
        torch.testing.assert_close(first(images), model(images), rtol=1e-4, atol=1e-5)


def test_an_exchanged_layer_is_noticed():
    model, (images, _) = settled(embedded.bloom_resnet(5)), tiny.pictures(8, 32)
    folding = Folding()
    folding.of(model, images)
    model.backbone.fc = nn.Linear(model.backbone.fc.in_features, 7)
    torch.testing.assert_close(
        folding.of(model, images)(images), model(images), rtol=1e-4, atol=1e-5
    )
    model.backbone.bn1.running_mean = torch.ones_like(model.backbone.bn1.running_mean)
    torch.testing.assert_close(
        folding.of(model, images)(images), model(images), rtol=1e-4, atol=1e-5
    )


def test_a_model_that_is_watched_runs_itself():
    model, (images, _) = settled(embedded.bloom_resnet(5)), tiny.pictures(8, 32)
    folding = Folding()
    twin = folding.of(model, images)
    handle = model.backbone.bn1.register_forward_hook(lambda *_: None)
    assert folding.of(model, images) is model
    handle.remove()
    assert folding.of(model, images) is twin


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions_are_left_alone(dtype):
    model, (images, _) = settled(embedded.bloom_resnet(5)).to(dtype), tiny.pictures(8, 32)
    assert Folding().of(model, images.to(dtype)) is model


@pytest.mark.parametrize("strategy", ["lora", "linear_probe", "bitfit"])
def test_after_a_strategy(strategy):
    """A convolution beside which a low-rank update runs is not followed by its
    norm; it keeps both.
    """
    backbone = catalog.find("strategies", strategy).load()(
        embedded.bloom_resnet(5), StrategySpec(kind=strategy)
    )
    model, (images, labels) = settled(backbone), tiny.pictures(8, 32)
    updates = [parameter for name, parameter in model.named_parameters() if "lora_B" in name]
    for parameter in updates:
        nn.init.normal_(parameter, std=0.1)
    wanted = [parameter.requires_grad for parameter in model.parameters()]
    twin = Folding().of(model, images)
    left = sum(isinstance(module, nn.BatchNorm2d) for module in twin.modules())
    assert left == len(updates)
    assert bool(updates) == (strategy == "lora")
    gradient, folded = (input_gradient(network, images, labels)[0] for network in (model, twin))
    assert (folded - gradient).norm() <= 1e-5 * gradient.norm()
    assert [parameter.requires_grad for parameter in model.parameters()] == wanted


@pytest.mark.parametrize("attack_name", ["pgd", "apgd"])
def test_an_evaluation_gives_the_same_verdicts(attack_name):
    model, data = (
        tiny.fit(settled(embedded.bloom_resnet(3)), tiny.learnable(48, 32)),
        tiny.learnable(48, 32, seed=1),
    )
    grid = (0.0, 1 / 255, 4 / 255, 16 / 255)
    plain, folded = (
        evaluate(
            model, data, norm="linf", epsilons=grid, steps=3, attack=attack_name, folding=folding
        )
        for folding in (None, Folding())
    )
    assert (plain.verdicts == folded.verdicts).all()
    assert plain.gradient_evaluations == folded.gradient_evaluations
    assert 0 < plain.verdicts[:, 1:].mean() < 1
