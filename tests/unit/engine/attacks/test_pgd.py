"""rft_core.engine.attacks.pgd: the attack does what it says, and leaves the model as it was."""

import pytest
import torch
from torch import nn

from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.attacks.pgd import input_gradient, pgd, step_share
from tests import tiny

BUDGET = {"linf": 8 / 255, "l2": 0.5}


@pytest.mark.parametrize("norm", list(BUDGET))
@pytest.mark.parametrize("build", [tiny.cnn, tiny.vit])
def test_the_loss_rises_within_the_ball(norm, build):
    model, (images, labels) = build(), tiny.pictures(8)
    before = images.clone()
    adversarial = pgd(model, images, labels, norm=norm, epsilon=BUDGET[norm], steps=5)
    assert (
        nn.functional.cross_entropy(model(adversarial), labels)
        > nn.functional.cross_entropy(model(images), labels) + 1e-3
    )
    assert NORMS[norm].size(adversarial - images).max() <= BUDGET[norm] * (1 + 1e-5)
    assert torch.equal(images, before)


def test_a_longer_attack_is_no_weaker():
    model, (images, labels) = tiny.cnn(), tiny.pictures(16)
    losses = [
        nn.functional.cross_entropy(
            model(pgd(model, images, labels, norm="linf", epsilon=0.1, steps=steps)), labels
        ).item()
        for steps in (1, 5, 20)
    ]
    assert losses == sorted(losses)


@pytest.mark.parametrize("norm", list(BUDGET))
def test_epsilon_zero_changes_nothing(norm):
    model, (images, labels) = tiny.cnn(), tiny.pictures(4)
    assert torch.equal(pgd(model, images, labels, norm=norm, epsilon=0.0, steps=3), images)


def test_the_weights_are_neither_changed_nor_given_a_gradient():
    model, (images, labels) = tiny.cnn(), tiny.pictures(4)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pgd(
        model,
        images,
        labels,
        norm="linf",
        epsilon=0.1,
        steps=3,
        random_start=True,
        generator=torch.Generator().manual_seed(0),
    )
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("frozen", [False, True])
def test_it_works_without_gradients_around_it_and_on_frozen_weights(frozen):
    model, (images, labels) = tiny.cnn().requires_grad_(not frozen), tiny.pictures(4)
    expected = pgd(tiny.cnn(), images, labels, norm="linf", epsilon=0.1, steps=2)
    with torch.no_grad():
        adversarial = pgd(model, images, labels, norm="linf", epsilon=0.1, steps=2)
    assert torch.equal(adversarial, expected)
    assert not adversarial.requires_grad


def test_an_image_does_not_depend_on_its_batch():
    model, (images, labels) = tiny.cnn(), tiny.pictures(8)
    together = pgd(model, images, labels, norm="l2", epsilon=0.5, steps=4)
    alone = torch.cat(
        [
            pgd(model, images[i : i + 1], labels[i : i + 1], norm="l2", epsilon=0.5, steps=4)
            for i in range(8)
        ]
    )
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_a_random_start_follows_its_generator_and_no_other():
    model, (images, labels) = tiny.cnn(), tiny.pictures(4)

    def attack(seed):
        return pgd(
            model,
            images,
            labels,
            norm="linf",
            epsilon=0.1,
            steps=1,
            random_start=True,
            generator=torch.Generator().manual_seed(seed),
        )

    state = torch.random.get_rng_state()
    first = attack(0)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first, attack(0))
    assert not torch.equal(first, attack(1))


def test_another_loss_is_followed():
    model, (images, labels) = tiny.cnn(), tiny.pictures(4)

    def of_class_0(logits, labels):
        return logits[:, 0].sum()

    adversarial = pgd(model, images, labels, norm="linf", epsilon=0.1, steps=5, loss=of_class_0)
    assert (model(adversarial)[:, 0] > model(images)[:, 0]).all()


@pytest.mark.parametrize(
    ("given", "steps", "share"), [(None, 10, 0.25), (None, 1, 2.5), (0.1, 10, 0.1)]
)
def test_step_share(given, steps, share):
    assert step_share(given, steps) == share


def test_one_step_of_relative_size_moves_every_pixel_by_it():
    model, (images, labels) = tiny.cnn(), tiny.pictures(4)
    images = 0.4 + 0.2 * images
    moved = (
        pgd(model, images, labels, norm="linf", epsilon=0.1, steps=1, relative_step_size=0.5)
        - images
    ).abs()
    gradient, _, _ = input_gradient(model, images, labels)
    torch.testing.assert_close(
        moved, torch.full_like(moved, 0.05) * (gradient != 0), atol=1e-6, rtol=0
    )


def test_the_gradient_is_of_the_sum():
    model, (images, labels) = tiny.cnn(), tiny.pictures(4)
    gradient, logits, _ = input_gradient(model, images, labels)
    leaf = images.clone().requires_grad_()
    sum(
        nn.functional.cross_entropy(model(leaf[i : i + 1]), labels[i : i + 1]) for i in range(4)
    ).backward()
    torch.testing.assert_close(gradient, leaf.grad, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(logits, model(images).detach())
