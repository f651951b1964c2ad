"""torchattacks behind its fence: modes, gradients and the global stream come back as they were."""

import pytest
import torch
from torch import nn

from rft_core.engine.attacks import library
from rft_core.engine.attacks.norms import NORMS
from rft_core.errors import SettingError


def build(classes: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(8 * 36, classes),
    )


def problem(classes: int = 5, n: int = 6):
    model = build(classes).eval()
    images = torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    return model, images, model(images).argmax(1)


@pytest.mark.parametrize(
    ("attack", "norm", "steps"),
    [
        (library.square, "linf", 100),
        (library.fab, "linf", 5),
        (library.fab, "l2", 5),
        (library.cw, "l2", 5),
    ],
)
def test_results_stay_in_the_ball(attack, norm, steps):
    model, images, labels = problem()
    found = attack(model, images, labels, norm=norm, epsilon=0.1, steps=steps)
    assert NORMS[norm].size(found - images).max() <= 0.1 * (1 + 1e-5)
    assert (found.min(), found.max()) >= (0, 0)
    assert found.max() <= 1


@pytest.mark.parametrize("attack", [library.square, library.fab])
def test_modes_gradients_and_the_global_stream_come_back(attack):
    model, images, labels = problem()
    model.train()
    model[1].eval()
    before = [module.training for module in model.modules()]
    torch.manual_seed(7)
    state = torch.get_rng_state()
    attack(model, images, labels, norm="linf", epsilon=0.05, steps=3)
    assert [module.training for module in model.modules()] == before
    assert torch.equal(torch.get_rng_state(), state)
    assert all(
        parameter.grad is None and parameter.requires_grad for parameter in model.parameters()
    )


def test_cw_leaves_no_gradient_behind():
    model, images, labels = problem()
    library.cw(model, images, labels, norm="l2", epsilon=1.0, steps=3)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_cw_under_linf_names_the_setting():
    model, images, labels = problem()
    with pytest.raises(SettingError, match="threat.norm"):
        library.cw(model, images, labels, norm="linf", epsilon=0.1, steps=3)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_autoattack_runs_on_any_number_of_classes(classes, monkeypatch):
    monkeypatch.setattr(library, "STANDARD_STEPS", 4)
    monkeypatch.setattr(library, "SQUARE_QUERIES", 20)
    model, images, labels = problem(classes)
    found = library.autoattack(model, images, labels, norm="linf", epsilon=0.1)
    assert found.shape == images.shape
    assert (model(found).argmax(1) == labels).float().mean() < 1


def test_channels_last_images_are_taken():
    model, images, labels = problem()
    found = library.square(
        model,
        images.contiguous(memory_format=torch.channels_last),
        labels,
        norm="l2",
        epsilon=0.3,
        steps=100,
    )
    assert found.shape == images.shape
