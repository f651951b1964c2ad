"""rft_core.engine.measuring.lane: what each example costs and where it falls do not depend on how
the attacks share batches, and nothing that is launched depends on data.
"""

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)

from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.attacks.stepwise import input_gradient
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring.evaluate import evaluate
from rft_core.engine.measuring.lane import ROUNDING, Lane
from rft_core.engine.models.build import build_model
from rft_core.spec import catalog
from rft_core.spec.sections import ModelSpec
from tests import tiny

GRID = tuple(n / 255 for n in (0, 2, 4, 6, 8, 12, 16, 32))
STEPS = 5
WALKS = ("pgd", "fgsm", "apgd", "apgd_dlr", "apgd_ce_t")
BACKBONES = ("bloom_resnet", "bloom_convnext", "bloom_vit")


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    return tiny.fit(tiny.cnn(classes=3), tiny.learnable(192)).eval()


@pytest.fixture(scope="module")
def data():
    return tiny.learnable(150, seed=1)


def measured(model, data, attack="pgd", **options):
    settings = {"norm": "linf", "epsilons": GRID, "steps": STEPS, "attack": attack}
    return evaluate(model, data, **settings, **options)


def alone(model, image, label, attack, norm="linf", epsilons=GRID) -> tuple[int, int]:
    """Where one example falls and what that costs, by the plain reading of the search."""
    stepwise = catalog.find("attacks", attack).load_stepwise()(STEPS, None)
    ball, grid = NORMS[norm], torch.tensor(epsilons)
    point, spent, first, fallen_at = len(epsilons) - 1, 0, image, len(epsilons)
    while True:
        epsilon = grid[point].view(1, 1, 1, 1)
        state, taken, fell = stepwise.start(image, first, epsilon), 0, False
        while True:
            at_point = input_gradient(model, state["point"], label, stepwise.loss_at(state))
            spent += 1
            fell = bool((at_point.logits.argmax(1) != label).item())
            if fell or taken >= stepwise.length(at_point.logits.shape[1]):
                break
            state, taken = stepwise.advance(state, at_point, image, epsilon, ball), taken + 1
        if not fell:
            return fallen_at, spent
        delta = state["point"] - image
        held_by = int(torch.searchsorted(grid * ROUNDING, ball.size(delta)).clamp(min=1))
        fallen_at = min(point, held_by)
        if fallen_at <= 1:
            return fallen_at, spent
        point = fallen_at - 1
        first = torch.clamp(image + ball.project(delta, grid[point].view(1, 1, 1, 1)), 0, 1)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("attack", WALKS)
def test_each_image_is_found_and_paid_for_as_if_it_were_alone(trained, data, attack, fixed):
    few = data.take(torch.arange(30))
    result = measured(trained, few, attack, batch_size=8, fixed_shapes=fixed)
    images, spent = as_pixels(few.images), 0
    for row in range(len(few)):
        label, image = few.labels[row : row + 1], images[row : row + 1]
        if (trained(image).argmax(1) != label).item():
            assert not result.verdicts[row].any()
            continue
        fallen_at, cost = alone(trained, image, label, attack)
        assert result.verdicts[row].sum() == fallen_at
        spent += cost
    assert result.gradient_evaluations == spent


@pytest.mark.parametrize("attack", ["pgd", "apgd_ce_t"])
@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_fixed_shapes_find_the_same(trained, data, attack, batch_size):
    data = data.take(torch.arange(min(150, 20 * batch_size)))
    free = measured(trained, data, attack, batch_size=batch_size, keep_fooling=True)
    fixed = measured(
        trained, data, attack, batch_size=batch_size, keep_fooling=True, fixed_shapes=True
    )
    assert np.array_equal(free.verdicts, fixed.verdicts)
    assert free.gradient_evaluations == fixed.gradient_evaluations
    assert set(free.fooling) == set(fixed.fooling)
    for row, found in free.fooling.items():
        assert found.prediction == fixed.fooling[row].prediction
        torch.testing.assert_close(found.delta, fixed.fooling[row].delta, atol=1e-5, rtol=0)


def test_nothing_is_attacked_where_nothing_is_classified_correctly(data):
    class Wrong(nn.Module):
        def forward(self, images):
            return torch.stack([images.sum((1, 2, 3)) * 0] * 3 + [images.sum((1, 2, 3))], 1)

    for fixed in (False, True):
        result = measured(Wrong(), data, fixed_shapes=fixed)
        assert result.gradient_evaluations == 0
        assert not result.verdicts.any()


def test_images_that_come_in_parts_give_the_same(trained, data, monkeypatch):
    from rft_core.engine.measuring import evaluate as module

    whole = measured(trained, data, batch_size=16, keep_fooling=True)
    monkeypatch.setattr(module, "PART_BYTES", 1)
    monkeypatch.setattr(module, "PART_BATCHES", 2)
    parts = measured(trained, data, batch_size=16, keep_fooling=True)
    assert np.array_equal(whole.verdicts, parts.verdicts)
    assert whole.gradient_evaluations == parts.gradient_evaluations
    assert set(whole.fooling) == set(parts.fooling)


@pytest.mark.parametrize("attack", ["pgd", "apgd", "apgd_ce_t"])
def test_buffers_that_stay_hold_the_same_bits_as_tensors_that_are_new(trained, data, attack):
    def lane() -> Lane:
        right = trained(as_pixels(data.images)).argmax(1) == data.labels
        return Lane(
            trained,
            data.images[right],
            data.labels[right],
            torch.tensor(GRID),
            catalog.find("attacks", attack).load_stepwise()(STEPS, None),
            NORMS["linf"],
            batch_size=16,
            fixed_shapes=True,
        )

    replayed, plain = lane(), lane()
    addresses = {name: tensor.data_ptr() for name, tensor in replayed.state.items()}
    assert len(set(addresses.values())) == len(addresses)
    for _ in range(40):
        replayed._take_step()
        plain.step()
        assert addresses == {name: tensor.data_ptr() for name, tensor in replayed.state.items()}
        for mine, other in ((replayed.places, plain.places), (replayed.state, plain.state)):
            assert all(torch.equal(mine[name], other[name]) for name in other)
    assert torch.equal(replayed.first, plain.first)
    assert torch.equal(replayed.deltas, plain.deltas)


def shapes_of(model, data, **options) -> set[tuple[int, ...]]:
    seen = set()
    hook = model.register_forward_pre_hook(lambda module, given: seen.add(tuple(given[0].shape)))
    try:
        measured(model, data, **options)
    finally:
        hook.remove()
    return seen


def test_a_model_is_called_with_two_shapes_at_most(trained):
    data = tiny.learnable(1003, seed=2)
    assert len(shapes_of(trained, data, batch_size=128, fixed_shapes=True)) <= 2
    # also where it is right of a few only, and where all fits into one batch
    few = data.take(torch.arange(5))
    assert len(shapes_of(trained, few, batch_size=128, fixed_shapes=True)) <= 2


def fake(model: nn.Module, mode: FakeTensorMode) -> nn.Module:
    """Return `model` with fake weights: shapes without values, so asking for a value raises."""
    for module in model.modules():
        for name, weight in module._parameters.items():
            if weight is not None:
                module._parameters[name] = nn.Parameter(mode.from_tensor(weight.data))
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = mode.from_tensor(buffer)
    return model


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("attack", WALKS)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_step_asks_the_device_for_no_value(backbone, attack, norm):
    spec = ModelSpec(backbone=backbone)
    mode = FakeTensorMode()
    model = fake(build_model(spec, num_classes=10, image_size=32, seed=0).eval(), mode)
    with mode:
        lane = Lane(
            model,
            torch.zeros(50, 3, 32, 32, dtype=torch.uint8),
            torch.zeros(50, dtype=torch.long),
            torch.tensor(GRID),
            catalog.find("attacks", attack).load_stepwise()(STEPS, None),
            NORMS[norm],
            batch_size=16,
            fixed_shapes=True,
        )
        lane.step()
        lane.step()


def test_fake_tensors_see_a_question_and_a_shape_that_depends_on_data():
    with FakeTensorMode():
        with pytest.raises(DataDependentOutputException):
            torch.rand(3).sum().item()
        with pytest.raises(DynamicOutputShapeException):
            torch.rand(3)[torch.rand(3) > 0.5]
