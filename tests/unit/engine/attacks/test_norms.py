"""rft_core.engine.attacks.norms: balls, on numbers worked by hand."""

import pytest
import torch

from rft_core.engine.attacks.norms import NORMS

DELTA = torch.tensor([[3.0, -4.0], [0.3, 0.4], [0.0, 0.0]]).view(3, 1, 1, 2)


@pytest.mark.parametrize(
    ("norm", "epsilon", "expected"),
    [
        ("linf", 1.0, [[1.0, -1.0], [0.3, 0.4], [0.0, 0.0]]),
        ("l2", 1.0, [[0.6, -0.8], [0.3, 0.4], [0.0, 0.0]]),
        ("linf", 0.0, [[0.0, 0.0]] * 3),
        (
            "linf",
            torch.tensor([2.0, 0.1, 1.0]).view(3, 1, 1, 1),
            [[2.0, -2.0], [0.1, 0.1], [0.0, 0.0]],
        ),
        (
            "l2",
            torch.tensor([2.5, 0.25, 1.0]).view(3, 1, 1, 1),
            [[1.5, -2.0], [0.15, 0.2], [0.0, 0.0]],
        ),
    ],
)
def test_project(norm, epsilon, expected):
    torch.testing.assert_close(
        NORMS[norm].project(DELTA, epsilon).view(3, 2), torch.tensor(expected)
    )


@pytest.mark.parametrize("epsilon", [0.5, 0.0, torch.tensor([0.5, 0.0]).view(2, 1, 1, 1)])
@pytest.mark.parametrize("name", list(NORMS))
def test_no_perturbation_stays_none(name, epsilon):
    assert torch.equal(
        NORMS[name].project(torch.zeros(2, 3, 4, 4), epsilon), torch.zeros(2, 3, 4, 4)
    )


@pytest.mark.parametrize("name", list(NORMS))
def test_an_empty_batch_stays_empty(name):
    # the evaluation comes here when all attacks in flight end at the same step
    norm, none = NORMS[name], torch.zeros(0, 3, 4, 4)
    assert (
        norm.project(none, 0.5).shape
        == norm.direction(none).shape
        == norm.random(none, 0.5, None).shape
        == none.shape
    )
    assert norm.size(none).shape == (0,)


@pytest.mark.parametrize(("norm", "expected"), [("linf", [4.0, 0.4, 0.0]), ("l2", [5.0, 0.5, 0.0])])
def test_size(norm, expected):
    torch.testing.assert_close(NORMS[norm].size(DELTA), torch.tensor(expected))


def test_direction():
    torch.testing.assert_close(
        NORMS["linf"].direction(DELTA).view(3, 2),
        torch.tensor([[1.0, -1.0], [1.0, 1.0], [0.0, 0.0]]),
    )
    torch.testing.assert_close(
        NORMS["l2"].direction(DELTA).view(3, 2), torch.tensor([[0.6, -0.8], [0.6, 0.8], [0.0, 0.0]])
    )


@pytest.mark.parametrize("name", list(NORMS))
def test_random_points_fill_the_ball_and_follow_the_generator(name):
    norm, like = NORMS[name], torch.zeros(500, 3, 2, 2)
    points = norm.random(like, 0.5, torch.Generator().manual_seed(0))
    sizes = norm.size(points)
    assert sizes.max() <= 0.5 * (1 + 1e-6)
    assert sizes.min() < sizes.max() / 2 or name == "linf"
    assert points.mean().abs() < 0.02
    assert torch.equal(points, norm.random(like, 0.5, torch.Generator().manual_seed(0)))
    assert not torch.equal(points, norm.random(like, 0.5, torch.Generator().manual_seed(1)))
