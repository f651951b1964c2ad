"""Numbers known without the engine: the robust accuracy of a linear model, and expected
robustness worked by hand.
"""

import pytest
import torch
from torch import nn

from rft_core.engine.data.dataset import Split
from rft_core.engine.measuring.evaluate import evaluate
from rft_core.metrics.curve import RobustnessCurve, expected_robustness

SHAPE = (3, 6, 6)
# five budgets at which some images fall and some do not
EPSILONS = {"linf": (0.0, 0.002, 0.005, 0.01, 0.015, 0.02), "l2": (0.0, 0.02, 0.05, 0.1, 0.15, 0.2)}
# the dual norm: a step of length epsilon lowers the margin by at most epsilon
# times this length of w
DUAL = {"linf": 1, "l2": 2}


class Linear(nn.Module):
    """Two classes: the logits are -z / 2 and z / 2 with z = w . x + b, so the margin of
    label y is (2y - 1) z.
    """

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(SHAPE, generator=generator))
        self.bias = nn.Parameter(-0.5 * self.weight.detach().sum())

    def forward(self, images):
        z = (images * self.weight).sum((1, 2, 3)) + self.bias
        return torch.stack([-z / 2, z / 2], 1)


def data() -> Split:
    """Images far from 0 and 1, so that clipping to pixels does not help the defence."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(80, 176, (400, *SHAPE), generator=generator).to(torch.uint8)
    return Split(images, torch.randint(0, 2, (400,), generator=generator))


@pytest.mark.parametrize("steps", [1, 4, 10])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_linear_model_falls_where_its_margin_says(norm, steps):
    model, split = Linear(), data()
    z = (
        (split.images.double() / 255 * model.weight.double()).sum((1, 2, 3)) + model.bias.double()
    ).detach()
    margins, length = (2 * split.labels - 1) * z, model.weight.double().norm(DUAL[norm]).item()
    expected = [(margins > epsilon * length).sum().item() for epsilon in EPSILONS[norm]]
    assert len(set(expected)) == len(expected)
    result = evaluate(model, split, norm=norm, epsilons=EPSILONS[norm], steps=steps)
    assert list(result.curve.correct) == expected


@pytest.mark.parametrize(
    ("epsilons", "accuracies", "expected"),
    [
        # the trapezoid by hand: (0.8 + 0.6) / 2 = 0.7 and (0.6 + 0.2) / 2 = 0.4, of equal width
        ((0, 4 / 255, 8 / 255), (0.8, 0.6, 0.2), 0.55),
        # the second is three times as wide: 0.7 / 4 + 0.4 * 3 / 4
        ((0, 2 / 255, 8 / 255), (0.8, 0.6, 0.2), 0.475),
        # a straight line from 1 to 0, on any grid
        ((0, 0.1, 0.3, 1.0), (1.0, 0.9, 0.7, 0.0), 0.5),
        ((0,), (0.3,), 0.3),
        # (0.9+0.8)/2 + (0.8+0.5)/2 + (0.5+0.5)/2 + (0.5+0.1)/2 = 0.85 + 0.65 + 0.5 + 0.3 over 4
        (tuple(n / 255 for n in range(5)), (0.9, 0.8, 0.5, 0.5, 0.1), 0.575),
    ],
)
def test_expected_robustness_by_hand(epsilons, accuracies, expected):
    assert expected_robustness(epsilons, accuracies) == pytest.approx(expected, abs=1e-12)


def test_the_same_through_a_curve():
    assert RobustnessCurve(
        (0.0, 2 / 255, 8 / 255), (80, 60, 20), 100
    ).expected_robustness == pytest.approx(0.475, abs=1e-12)
