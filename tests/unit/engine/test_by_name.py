"""Methods by name are the engine's own: same numbers, same refusals."""

import pytest
import torch
from torch import nn

from rft_core.engine import (
    NormalizedModel,
    apply_strategy,
    build_model,
    make_adversary,
    make_objective,
    merge_strategy,
    pgd,
)
from rft_core.engine.strategies.parameters import count_parameters
from rft_core.errors import UserError
from rft_core.spec import catalog

IMAGES = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
# fresh adapters are near the identity, the others are it
START_CHANGES = 0.05
LABELS = torch.tensor([0, 1, 2, 1])


@pytest.fixture
def model() -> NormalizedModel:
    return build_model("bloom_resnet", num_classes=3, seed=1)


def test_an_adversary_is_the_attack_in_eval_mode(model):
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = make_adversary("pgd", epsilon="4/255", steps=2, random_start=False)(
        model, IMAGES, LABELS
    )
    assert all(module.training for module in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    expected = pgd(model.eval(), IMAGES, LABELS, norm="linf", epsilon=4 / 255, steps=2)
    assert torch.equal(found, expected)
    assert not found.requires_grad


def test_without_a_budget_there_is_no_adversary():
    assert make_adversary(epsilon=0) is None


@pytest.mark.parametrize("kind", [row.name for row in catalog.choices("objectives")])
def test_every_objective_by_its_name(model, kind):
    objective = make_objective(kind, model=model)
    adversary = make_adversary(epsilon="8/255", generator=torch.Generator().manual_seed(0))
    loss = objective(model, IMAGES, LABELS, adversary)
    loss.backward()
    assert loss.shape == ()
    assert model.backbone.get_classifier().weight.grad.abs().sum() > 0


def test_settings_of_an_objective_count(model):
    adversary = make_adversary(epsilon="8/255", steps=2)
    losses = []
    for beta in (0, 6):
        torch.manual_seed(0)
        objective = make_objective("trades", model=model.eval(), beta=beta)
        losses.append(objective(model, IMAGES, LABELS, adversary).item())
    assert losses[0] == pytest.approx(nn.functional.cross_entropy(model(IMAGES), LABELS).item())
    assert losses[1] > losses[0]


def test_an_objective_that_needs_more_than_a_plain_module_says_so():
    with pytest.raises(UserError, match="NormalizedModel"):
        make_objective("anchored", model=nn.Flatten())


@pytest.mark.parametrize("kind", [row.name for row in catalog.choices("strategies")])
def test_every_strategy_by_its_name(kind):
    model = build_model("bloom_vit", num_classes=3).eval()
    before = model(IMAGES).detach()
    changed = apply_strategy(kind, model)
    assert changed is model
    trainable, total = count_parameters(changed)
    assert 0 < trainable <= total
    torch.testing.assert_close(changed(IMAGES), before, rtol=0, atol=START_CHANGES)


def test_a_users_own_network_and_merging():
    model = build_model("bloom_vit", num_classes=3).eval()
    apply_strategy("lora", model, rank=2, seed=3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("up"):
                parameter.add_(0.05)
    merged = merge_strategy("lora", model)
    assert not [name for name, _ in merged.named_parameters() if "down" in name]
    torch.testing.assert_close(merged(IMAGES), model(IMAGES), rtol=1e-4, atol=1e-5)
    plain = apply_strategy("linear_probe", build_model("bloom_resnet", num_classes=3).backbone)
    assert 0 < count_parameters(plain)[0] < count_parameters(plain)[1]


def test_a_strategy_that_cannot_be_merged_raises():
    row = next(row for row in catalog.choices("strategies") if row.companion("merge") is None)
    with pytest.raises(UserError, match="cannot be merged"):
        merge_strategy(row.name, nn.Flatten())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_adversary("pdg", epsilon=0.1), "did you mean 'pgd'?"),
        (lambda: make_adversary("autoattack", epsilon=0.1), "is for measuring only"),
        (lambda: make_adversary(epsilon=8), "did you mean 8/255?"),
        (lambda: make_objective("trades", model=nn.Flatten(), beta=-1), "objective.beta must be"),
        (lambda: apply_strategy("lora", nn.Flatten(), rank=0), "strategy.rank must be"),
        (lambda: build_model("bloom_resnt", num_classes=3), "did you mean"),
    ],
)
def test_a_mistake_raises_a_clear_error(call, message):
    with pytest.raises(UserError) as raised:
        call()
    assert message in str(raised.value)
