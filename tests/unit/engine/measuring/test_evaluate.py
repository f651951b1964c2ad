"""rft_core.engine.measuring.evaluate: one pass over a grid of epsilons, held against the plain
way of measuring it.
"""

import numpy as np
import pytest
import torch
from torch import nn

from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring import lane
from rft_core.engine.measuring.evaluate import evaluate, predict
from tests import tiny

GRIDS = {
    "linf": tuple(n / 255 for n in (0, 2, 4, 6, 8, 12, 16, 32)),
    "l2": (0.0, 0.1, 0.2, 0.4, 0.8, 1.6),
}
STEPS = 5


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    """A tiny model that has learnt its task, so that its curve falls from well above chance."""
    return tiny.fit(tiny.cnn(classes=3), tiny.learnable(192))


@pytest.fixture(scope="module")
def data():
    return tiny.learnable(150, seed=1)


def measured(model, split, norm="linf", epsilons=None, **options):
    return evaluate(
        model, split, norm=norm, epsilons=epsilons or GRIDS[norm], steps=STEPS, **options
    )


def naive(model, split, norm) -> np.ndarray:
    """Verdicts (N, E) of one full attack an image and epsilon."""
    images = as_pixels(split.images)
    columns = []
    for epsilon in GRIDS[norm]:
        adversarial = (
            pgd(model, images, split.labels, norm=norm, epsilon=epsilon, steps=STEPS)
            if epsilon
            else images
        )
        columns.append((model(adversarial).argmax(1) == split.labels).numpy())
    return np.stack(columns, 1)


def test_the_task_is_learnt_and_not_robust(trained, data):
    curve = measured(trained, data).curve
    assert curve.clean_accuracy > 0.8
    assert curve.accuracies[-1] < 0.5


def test_the_verdict_at_0_is_the_clean_prediction(trained, data):
    clean = (predict(trained, data).argmax(1) == data.labels).numpy()
    for norm in GRIDS:
        assert np.array_equal(measured(trained, data, norm).verdicts[:, 0], clean)


def test_only_clean(trained, data, monkeypatch):
    monkeypatch.setattr(lane, "input_gradient", None)
    result = measured(trained, data, epsilons=(0.0,))
    assert result.gradient_evaluations == 0
    assert (
        result.curve.clean_accuracy
        == (predict(trained, data).argmax(1) == data.labels).float().mean().item()
    )


@pytest.mark.parametrize("norm", list(GRIDS))
def test_an_image_that_fell_stays_fallen(trained, data, norm):
    verdicts = measured(trained, data, norm).verdicts
    assert verdicts.shape == (150, len(GRIDS[norm]))
    assert (verdicts[:, 1:] <= verdicts[:, :-1]).all()


@pytest.mark.parametrize("norm", list(GRIDS))
def test_never_weaker_than_an_attack_at_each_epsilon(trained, data, norm):
    searched, plain = (
        measured(trained, data, norm).verdicts.mean(0),
        np.logical_and.accumulate(naive(trained, data, norm), 1).mean(0),
    )
    # an attack that fails on a larger ball may still succeed on a smaller one:
    # a few images, no more
    assert (searched <= plain + 0.02).all()
    assert (searched >= plain - 0.1).all()


@pytest.mark.parametrize("norm", list(GRIDS))
def test_it_costs_less_than_an_attack_at_each_epsilon(trained, data, norm):
    spent = measured(trained, data, norm).gradient_evaluations
    assert 0 < spent < 0.6 * len(data) * (len(GRIDS[norm]) - 1) * STEPS


def test_every_gradient_is_counted(trained, data, monkeypatch):
    counted = []
    gradient = lane.input_gradient

    def count(model, images, labels, loss):
        counted.append(len(images))
        return gradient(model, images, labels, loss)

    monkeypatch.setattr(lane, "input_gradient", count)
    result = measured(trained, data, batch_size=32)
    assert result.gradient_evaluations == sum(counted)
    # places in the batch are filled again as soon as they are free
    assert sum(size == 32 for size in counted) > 0.7 * len(counted)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_the_batch_size_does_not_matter(trained, data, batch_size):
    few = data.take(torch.arange(40))
    verdicts = measured(trained, few, batch_size=batch_size).verdicts
    # sums in another order move a logit by a rounding error, so at most one
    # image may change its mind
    assert (verdicts != measured(trained, few).verdicts).any(1).sum() <= 1


def test_twice_is_the_same(trained, data):
    first, again = measured(trained, data), measured(trained, data)
    assert np.array_equal(first.verdicts, again.verdicts)
    assert first.gradient_evaluations == again.gradient_evaluations


def test_flags_weights_and_chance_are_left_alone(data):
    model = tiny.cnn(classes=3).train()
    model.backbone[1].eval()
    flags = [module.training for module in model.modules()]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    chance = torch.random.get_rng_state()
    measured(model, data)
    assert [module.training for module in model.modules()] == flags
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), chance)


@pytest.mark.parametrize("right", [True, False])
def test_a_model_that_no_attack_moves(data, right):
    class Constant(nn.Module):
        def forward(self, images):
            return torch.eye(3)[torch.zeros(len(images), dtype=torch.long)] + 0 * images.sum()

    split = data.take(torch.nonzero((data.labels == 0) == right).flatten())
    result = measured(Constant(), split)
    assert result.curve.accuracies == (float(right),) * len(GRIDS["linf"])
    # the largest epsilon settles each survivor, and a wrong image is never attacked
    assert result.gradient_evaluations == (len(split) * (STEPS + 1) if right else 0)


def test_a_perturbation_counts_for_every_ball_it_fits_in():
    """One pixel decides: a picture at distance d falls at the first epsilon that reaches it,
    however it was found.
    """

    class Threshold(nn.Module):
        def forward(self, images):
            first = images[:, 0, 0, 0] - 0.5
            return torch.stack([-first, first], 1) * 10

    distances = torch.tensor([3, 9, 20, 40])
    images = torch.zeros(4, 3, 2, 2, dtype=torch.uint8)
    images[:, 0, 0, 0] = 127 - distances
    result = measured(Threshold(), Split(images, torch.zeros(4, dtype=torch.long)))
    # the threshold lies at 127.5: half a level beyond the distance
    assert [
        GRIDS["linf"][int(row.sum())] * 255 if not row.all() else None for row in result.verdicts
    ] == pytest.approx([4, 12, 32, None])


def test_as_pixels():
    pixels = as_pixels(torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1))
    assert pixels.flatten().tolist() == pytest.approx([0, 0.2, 1])
    assert pixels.dtype == torch.float32
