"""The objectives on numbers small enough to work out by hand, and what is left of
them without an attack.
"""

from functools import partial
from math import log

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.models.modes import eval_mode
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.objectives import anchored, mart, trades
from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.objectives.divergence import kl
from rft_core.errors import SettingError
from rft_core.spec import catalog
from rft_core.spec.run_spec import parse
from rft_core.spec.sections import ObjectiveSpec
from tests.unit.engine.strategies import networks

NAMES = [choice.name for choice in catalog.OBJECTIVES]
LN2 = log(2)
# two examples with label 0: predicted (3/4, 1/4), attacked to (1/2, 1/2); and (1/2, 1/2), which
# the attack leaves alone
CLEAN = torch.tensor([[log(3), 0.0], [0.0, 0.0]]).view(2, 1, 1, 2)
LABELS = torch.tensor([0, 0])
KL = 0.75 * log(1.5) + 0.25 * log(0.5)
PRE_KL = 0.9 * log(1.8) + 0.1 * log(0.2)


class Reader(nn.Module):
    """Its logits are the pixels; features and head are told apart."""

    def __init__(self):
        super().__init__()
        self.backbone = self
        self.head = nn.Flatten()

    def __getattr__(self, name):
        return self if name == "backbone" else super().__getattr__(name)

    def __setattr__(self, name, value):
        if name != "backbone":
            super().__setattr__(name, value)

    def get_classifier(self):
        return self.head

    def forward(self, images):
        return self.head(images)


def to_the_middle(model, images, labels, **options):
    return torch.zeros_like(images)


def adversary(attack=to_the_middle, **changes):
    options = {
        "norm": "linf",
        "epsilon": 0.1,
        "steps": 3,
        "relative_step_size": None,
        "random_start": False,
        "generator": None,
    }
    return Adversary(attack=attack, **options | changes)


def settings(kind, **changes):
    return ObjectiveSpec(kind=kind, **changes)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("natural", {}, (log(4 / 3) + LN2) / 2),
        ("adversarial", {}, LN2),
        ("trades", {}, (log(4 / 3) + LN2 + 6 * KL) / 2),
        ("trades", {"beta": 1.0}, (log(4 / 3) + LN2 + KL) / 2),
        ("trades", {"beta": 0.0}, (log(4 / 3) + LN2) / 2),
        ("mart", {}, (4 * LN2 + 5 * 0.25 * KL) / 2),
        ("mart", {"beta": 2.0}, (4 * LN2 + 2 * 0.25 * KL) / 2),
        ("score", {}, (0.125 + 0.5 + 4 * 0.125) / 2),
        ("score", {"beta": 3.0, "clip": 0.1}, (0.125 + 0.5 + 3 * 0.025) / 2),
        ("anchored", {}, LN2 + PRE_KL + KL / 2),
        ("anchored", {"beta": 2.0, "anchor_weight": 0.5}, LN2 + 0.5 * PRE_KL + KL),
    ],
)
def test_by_hand(kind, changes, expected):
    loss = catalog.find("objectives", kind).load()
    if kind == "anchored":
        loss = partial(loss, reference=lambda images: torch.tensor([[log(9), 0.0], [log(9), 0.0]]))
    assert loss(
        Reader(), CLEAN, LABELS, adversary(), settings(kind, **changes)
    ).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("natural", (log(4 / 3) + LN2) / 2),
        ("adversarial", (log(4 / 3) + LN2) / 2),
        ("trades", (log(4 / 3) + LN2) / 2),
        # boosted: -log(3/4) - log(1 - 1/4), and -log(1/2) - log(1 - 1/2)
        ("mart", (2 * log(4 / 3) + 2 * LN2) / 2),
        ("score", (0.125 + 0.5) / 2),
        ("anchored", (log(4 / 3) + LN2) / 2),
    ],
)
def test_at_factor_zero(kind, expected):
    loss = catalog.find("objectives", kind).load()
    if kind == "anchored":
        loss = partial(loss, reference=lambda images: images.flatten(1))
    assert loss(Reader(), CLEAN, LABELS, None, settings(kind)).item() == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize("kind", ["trades", "score"])
@pytest.mark.parametrize("configured", [True, False])
def test_a_distance_is_attacked_from_a_random_point(kind, configured):
    seen = {}

    def watched(model, images, labels, **options):
        seen.update(options)
        return torch.zeros_like(images)

    catalog.find("objectives", kind).load()(
        Reader(), CLEAN, LABELS, adversary(watched, random_start=configured), settings(kind)
    )
    assert seen["random_start"] is True
    summed = {"trades": KL, "score": 0.125}[kind]
    assert seen["loss"](torch.zeros(2, 2), LABELS).sum().item() == pytest.approx(summed, abs=1e-6)


@pytest.mark.parametrize("kind", ["adversarial", "mart", "anchored"])
@pytest.mark.parametrize("configured", [True, False])
def test_cross_entropy_is_attacked_as_configured(kind, configured):
    def watched(model, images, labels, **options):
        assert options["random_start"] is configured
        assert "loss" not in options
        return images

    loss = catalog.find("objectives", kind).load()
    loss = partial(loss, reference=lambda images: images.flatten(1)) if kind == "anchored" else loss
    loss(Reader(), CLEAN, LABELS, adversary(watched, random_start=configured), settings(kind))


def test_trades_finds_what_moves_the_prediction_most():
    model = NormalizedModel(networks.build(networks.vit), (0.5,) * 3, (0.25,) * 3)
    images, labels = networks.batch()
    found = []

    def kept(*arguments, **options):
        found.append(pgd(*arguments, **options))
        return found[-1]

    attack = adversary(kept, epsilon=8 / 255, steps=10, generator=torch.Generator().manual_seed(0))
    trades.loss(model, images, labels, attack, settings("trades"))
    noise = images + 8 / 255 * torch.sign(
        torch.rand(images.shape, generator=torch.Generator().manual_seed(1)) - 0.5
    )
    with torch.no_grad():
        moved, by_chance = (
            kl(model(images), model(other)).mean() for other in (found[0], noise.clamp(0, 1))
        )
    assert (found[0] - images).abs().max() <= 8 / 255 + 1e-6
    assert moved > 3 * by_chance > 0


def test_trades_gradient_goes_through_both_predictions():
    model = NormalizedModel(networks.build(networks.vit), (0.5,) * 3, (0.25,) * 3)
    images, labels = networks.batch()
    attacked = (images + 0.05).clamp(0, 1)
    p, q = model(images).log_softmax(1), model(attacked).log_softmax(1)
    expected = F.nll_loss(p, labels) + 6 * (p.exp() * (p - q)).sum(1).mean()
    actual = trades.loss(
        model, images, labels, adversary(lambda *_, **__: attacked), settings("trades")
    )
    assert actual.item() == pytest.approx(expected.item(), rel=1e-5)
    weights = list(model.parameters())
    for first, second in zip(
        torch.autograd.grad(actual, weights), torch.autograd.grad(expected, weights)
    ):
        assert torch.allclose(first, second, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 5])
def test_boosted_cross_entropy_against_its_definition(classes):
    generator = torch.Generator().manual_seed(0)
    logits, labels = (
        torch.randn((50, classes), generator=generator),
        torch.randint(0, classes, (50,), generator=generator),
    )
    p = logits.softmax(1)
    own = p.gather(1, labels[:, None]).squeeze(1)
    rival = p.scatter(1, labels[:, None], 0).amax(1)
    assert torch.allclose(
        mart.boosted_cross_entropy(logits, labels), -own.log() - (1 - rival).log(), atol=1e-5
    )


def test_boosted_cross_entropy_is_finite_where_the_model_is_sure_and_wrong():
    logits = torch.tensor([[200.0, 0.0, 0.0]], requires_grad=True)
    value = mart.boosted_cross_entropy(logits, torch.tensor([1])).sum()
    assert value.item() == pytest.approx(400 - LN2)
    assert torch.isfinite(torch.autograd.grad(value, logits)[0]).all()


@pytest.mark.parametrize("kind", NAMES)
def test_only_the_update_moves_batch_norms_and_flags_stay(kind):
    model = NormalizedModel(networks.build(networks.resnet), (0.5,) * 3, (0.25,) * 3).train()
    loss = objective(kind, model)
    images, labels = networks.batch()
    model.backbone.layer1.eval()
    loss(model, images, labels, adversary(pgd), settings(kind)).backward()
    forwards = 1 if kind in ("natural", "adversarial") else 2
    assert model.backbone.bn1.num_batches_tracked == forwards
    assert model.training
    assert not model.backbone.layer1[0].training
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def objective(kind, model):
    choice = catalog.find("objectives", kind)
    prepare = choice.companion("prepare")
    return (
        partial(choice.load(), reference=prepare(model, settings(kind)))
        if prepare
        else choice.load()
    )


@pytest.mark.parametrize("family", networks.FAMILIES)
def test_the_reference_gives_the_features_under_the_head(family):
    """Before training the pretrained model, read through the present head, is the model: the
    anchor adds nothing.
    """
    model = NormalizedModel(networks.build(family), (0.5,) * 3, (0.25,) * 3)
    images, labels = networks.batch()
    reference = anchored.prepare(model, settings("anchored"))
    assert not any(parameter.requires_grad for parameter in reference.parameters())
    with torch.no_grad(), eval_mode(model):
        assert torch.equal(model.backbone.get_classifier()(reference(images)), model(images))
    assert isinstance(model.backbone.get_classifier(), nn.Linear)
    fresh = anchored.loss(model, images, labels, None, settings("anchored"), reference=reference)
    assert fresh.item() == pytest.approx(F.cross_entropy(model(images), labels).item(), abs=1e-6)


def test_the_anchor_is_the_pretrained_backbone_however_the_model_moves():
    model = NormalizedModel(networks.build(networks.vit), (0.5,) * 3, (0.25,) * 3)
    images, labels = networks.batch()
    loss = objective("anchored", model)
    with torch.no_grad():
        model.backbone.blocks[0].mlp.fc1.weight.mul_(1.5)
    moved = loss(model, images, labels, None, settings("anchored"))
    assert moved > F.cross_entropy(model(images), labels) + 1e-4
    assert loss(
        model, images, labels, None, settings("anchored", anchor_weight=0.0)
    ) == F.cross_entropy(model(images), labels)


@pytest.mark.parametrize(("setting", "value"), [("beta", -1), ("anchor_weight", -0.1), ("clip", 3)])
def test_a_setting_out_of_range_is_named(setting, value):
    with pytest.raises(SettingError, match=f"objective.{setting} must be"):
        parse({"objective": {"kind": "trades", setting: value}})


@pytest.mark.parametrize("name", NAMES)
def test_the_passes_in_the_catalog_are_those_that_are_trained_through(name):
    """Cost and gradient evaluations of a run count with them; the attack's passes and fixed targets
    have no weight gradients.
    """
    model = Reader().train()
    trained_through = []
    model.register_forward_hook(
        lambda module, *_: trained_through.append(torch.is_grad_enabled() and module.training)
    )
    settings = (
        ObjectiveSpec(kind=name, anchor_weight=0.0)
        if name == "anchored"
        else ObjectiveSpec(kind=name)
    )
    chosen = catalog.find("objectives", name)
    extra = {"reference": model} if name == "anchored" else {}
    chosen.load()(
        model, CLEAN.clone(), LABELS, None if name == "natural" else adversary(), settings, **extra
    )
    assert sum(trained_through) == chosen.passes
