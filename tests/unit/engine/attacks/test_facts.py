"""What the menu says of an attack's steps, step size and loss holds for its code."""

import pytest
import torch

from rft_core.engine.attacks.losses import cross_entropy, dlr_until_wrong
from rft_core.engine.measuring.evaluate import evaluate
from rft_core.spec import catalog
from tests import tiny

STEPWISE = [row for row in catalog.ATTACKS if row.stepwise]
LOSSES = {cross_entropy: "cross-entropy", dlr_until_wrong: "difference of logits ratio"}


@pytest.fixture(scope="module")
def task():
    """A model that is right about half of its images under a small attack, and the images."""
    data = tiny.learnable(60)
    return tiny.fit(tiny.cnn(classes=3), data), data


def spent(task, attack: str, steps: int) -> int:
    model, data = task
    epsilons = (0.0, 1e-4)
    measured = evaluate(model, data, norm="linf", epsilons=epsilons, attack=attack, steps=steps)
    return measured.gradient_evaluations


@pytest.mark.parametrize("row", STEPWISE, ids=lambda row: row.name)
def test_the_setting_of_the_steps_counts_unless_they_are_fixed(task, row):
    few, many = spent(task, row.name, 3), spent(task, row.name, 6)
    assert (few == many) is (row.fixed_steps is not None)


@pytest.mark.parametrize("row", STEPWISE, ids=lambda row: row.name)
def test_the_setting_of_the_step_size_counts_where_the_row_says_so(task, row):
    model, data = task
    images, labels = data.images[:20] / 255, data.labels[:20]
    found = [
        row.load()(
            model, images, labels, norm="linf", epsilon=0.1, steps=3, relative_step_size=size
        )
        for size in (0.1, 0.4)
    ]
    assert (not torch.equal(*found)) is row.takes_step_size


@pytest.mark.parametrize("row", STEPWISE, ids=lambda row: row.name)
def test_the_loss_is_that_of_the_single_steps(row):
    loss = row.load_stepwise()(3, None).loss
    assert row.loss.startswith(LOSSES[loss])


def test_square_takes_at_least_its_fewest_queries():
    """Fewer that are asked for make no weaker attack, so the label may not say fewer."""
    row, (images, labels) = catalog.find("attacks", "square"), tiny.pictures(6)
    found = [
        row.load()(tiny.cnn(), images, labels, norm="linf", epsilon=0.05, steps=steps)
        for steps in (1, row.least_steps)
    ]
    assert torch.equal(*found)
