"""rft_core.engine.measuring.honesty: an honest model is green; each kind of dishonesty
turns its own check red.
"""

import pytest
import torch
from torch import nn

from rft_core.engine.data.dataset import Split
from rft_core.engine.measuring.honesty import check_honesty


class Linear(nn.Module):
    """Two classes told apart by mean brightness: its gradient is honest everywhere."""

    def __init__(self, scale: float = 20.0):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, images):
        score = self.scale * (images.mean((1, 2, 3)) - 0.5)
        return torch.stack([-score, score], 1)


class Masked(Linear):
    """The same decisions through rounding, which has no gradient."""

    def forward(self, images):
        return super().forward(torch.round(images * 255) / 255)


class Random(Linear):
    """The same decisions with noise in every pass."""

    def forward(self, images):
        return super().forward(images) + 0.5 * torch.randn(len(images), 2)


class Deaf(Linear):
    """Always says class 1."""

    def forward(self, images):
        return torch.tensor([[0.0, 1.0]]).expand(len(images), 2) + 0 * super().forward(images)


@pytest.fixture
def split():
    """120 pictures, bright or dark by 0 to 15/255 of mean."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 2
    shift = (2 * labels - 1) * torch.linspace(1, 15, 120) / 255
    images = (
        0.5 + shift.view(-1, 1, 1, 1) + 0.1 * (torch.rand(120, 3, 8, 8, generator=generator) - 0.5)
    )
    images = images - images.mean((1, 2, 3), keepdim=True) + 0.5 + shift.view(-1, 1, 1, 1)
    return Split((images * 255).round().to(torch.uint8), labels)


GRID = (0.0, 4 / 255, 8 / 255)


def findings(model, split, **options):
    found = check_honesty(model, split, norm="linf", epsilons=GRID, **options).findings
    return {finding.name: finding for finding in found}


def levels(model, split, **options):
    return {name: finding.level for name, finding in findings(model, split, **options).items()}


def test_an_honest_model_is_green(split):
    assert set(levels(Linear(), split).values()) == {"green"}


def test_a_masked_gradient_is_found(split):
    found = levels(Masked(), split)
    assert found["gradients do not vanish"] == "red"
    assert found["no attack without gradients is stronger"] == "red"
    assert found["accuracy reaches 0 at a huge epsilon"] == "red"


def test_a_random_model_is_found(split):
    assert levels(Random(), split)["two passes agree"] == "red"


def test_a_model_that_looks_at_nothing_is_found(split):
    assert levels(Deaf(), split)["accuracy reaches 0 at a huge epsilon"] == "red"


def test_flags_come_back_and_the_worst_level_counts(split):
    model = Masked().train()
    result = check_honesty(model, split, norm="linf", epsilons=GRID)
    assert model.training
    assert result.level == "red"
    assert result.as_dict()["n"] == 120
    assert result.as_dict()["epsilons"] == [4 / 255, 8 / 255]
    assert (result.as_dict()["attack"], result.as_dict()["steps"]) == ("pgd", 10)


class Confident(Linear):
    """So sure of itself that cross-entropy has no slope left; the margin of its logits has one."""

    def __init__(self):
        super().__init__(scale=4e6)


def test_a_loss_without_a_slope_is_found_by_another_loss(split):
    model, epsilon = Confident(), 8 / 255
    found = findings(model, split)["no other loss is stronger"]
    assert found.level == "red"
    # of a linear model the truth is known: what lies nearer to the border than epsilon falls
    brightness = split.images.float().div(255).mean((1, 2, 3))
    held = {at: ((brightness - 0.5).abs() > at).float().mean().item() for at in GRID[1:]}
    assert found.values["other"] == pytest.approx(held[epsilon], abs=0.02) or found.values[
        "other"
    ] == pytest.approx(held[4 / 255], abs=0.02)
    assert levels(model, split, attack="apgd_ce_t")["no other loss is stronger"] == "green"
