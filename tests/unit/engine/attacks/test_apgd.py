"""APGD, FGSM, restarts and losses: they stay in the ball, and stronger settings are stronger."""

import pytest
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from rft_core.engine.attacks.apgd import apgd, apgd_dlr
from rft_core.engine.attacks.losses import cross_entropy, dlr
from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.attacks.pgd import fgsm, pgd


@pytest.fixture(params=["cnn", "vit"])
def problem(request):
    """A small net whose labels are its own predictions, so that every image starts out right."""
    torch.manual_seed(0)
    cnn = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 5))
    vit = VisionTransformer(
        img_size=8, patch_size=4, embed_dim=32, depth=2, num_heads=2, num_classes=5
    )
    model = {"cnn": cnn, "vit": vit}[request.param].eval()
    images = torch.rand(16, 3, 8, 8)
    return model, images, model(images).argmax(1)


@pytest.mark.parametrize("attack", [apgd, apgd_dlr, fgsm, pgd])
@pytest.mark.parametrize(("norm", "epsilon"), [("linf", 8 / 255), ("l2", 0.5)])
def test_attacks_stay_in_the_ball_and_in_range(problem, attack, norm, epsilon):
    model, images, labels = problem
    adversarial = attack(
        model,
        images,
        labels,
        norm=norm,
        epsilon=epsilon,
        steps=7,
        random_start=True,
        generator=torch.Generator().manual_seed(1),
    )
    assert NORMS[norm].size(adversarial - images).max() <= epsilon * (1 + 1e-5)
    assert adversarial.min() >= 0
    assert adversarial.max() <= 1


@pytest.mark.parametrize("steps", [1, 2, 7, 10, 40])
def test_apgd_never_ends_below_where_it_started(problem, steps):
    model, images, labels = problem
    adversarial = apgd(model, images, labels, norm="linf", epsilon=2 / 255, steps=steps)
    assert (
        cross_entropy(model(adversarial), labels) >= cross_entropy(model(images), labels) - 1e-6
    ).all()


def test_more_restarts_never_leave_more_standing(problem):
    model, images, labels = problem

    def standing(restarts):
        stream = torch.Generator().manual_seed(3)
        found = pgd(
            model,
            images,
            labels,
            norm="linf",
            epsilon=1 / 255,
            steps=2,
            restarts=restarts,
            random_start=True,
            generator=stream,
        )
        return (model(found).argmax(1) == labels).sum()

    # one restart gives the last iterate, two and more the best point of all
    assert standing(8) <= standing(2)


def test_fgsm_takes_one_full_step(problem):
    model, images, labels = problem
    inner = images.clamp(0.2, 0.8)
    delta = fgsm(model, inner, labels, norm="linf", epsilon=4 / 255) - inner
    assert torch.allclose(delta.abs()[delta != 0], torch.tensor(4 / 255), atol=1e-6)


def test_dlr_by_hand():
    logits = torch.tensor([[3.0, 1.0, 0.0, -1.0], [2.0, 4.0, 1.0, 0.0]])
    # right: -(3 - 1) / (3 - 0); wrong: -(2 - 4) / (4 - 1)
    assert torch.allclose(dlr(logits, torch.tensor([0, 0])), torch.tensor([-2 / 3, 2 / 3]))


def test_dlr_of_scaled_logits_is_the_same():
    logits, labels = torch.randn(6, 5), torch.arange(6) % 5
    assert torch.allclose(dlr(logits, labels), dlr(100 * logits, labels), atol=1e-5)


def test_dlr_on_two_classes_is_the_margin():
    assert torch.equal(dlr(torch.tensor([[2.0, 0.5]]), torch.tensor([0])), torch.tensor([-1.5]))


def test_attacks_leave_no_gradient_in_the_weights(problem):
    model, images, labels = problem
    apgd(model, images, labels, norm="linf", epsilon=4 / 255, steps=3)
    assert all(parameter.grad is None for parameter in model.parameters())
