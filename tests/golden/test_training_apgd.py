"""APGD as training wants it: the iterate with the largest loss, also of an image that is
wrong without an attack.

torchattacks returns the first misclassified iterate, so it gives such an image back as it came. The
references here are a closed form, and algorithm 1 of Croce and Hein (ICML 2020) written down once
more, plainly, image by image.
"""

import pytest
import torch
import torch.nn.functional as F
import torchattacks
from torch import nn

from rft_core.engine.attacks.apgd import apgd
from tests import tiny

STEPS = 7


@pytest.fixture(scope="module")
def trained():
    return tiny.fit(tiny.cnn(classes=3), tiny.learnable(192)).eval()


@pytest.fixture(scope="module")
def problem():
    split = tiny.learnable(60, seed=1)
    return split.images.float().div(255), split.labels


def test_on_a_linear_model_every_image_ends_in_the_worst_corner():
    """Of two classes cross-entropy is largest at x + epsilon sign(w_other - w_own), whatever
    the image is taken for.
    """
    torch.manual_seed(0)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(3 * 6 * 6, 2))
    images, labels = 0.3 + 0.4 * torch.rand(40, 3, 6, 6), torch.arange(40) % 2
    wrong = linear(images).argmax(1) != labels
    assert 5 < wrong.sum() < 35
    weights = linear[1].weight.detach()
    push = (weights[1 - labels] - weights[labels]).sign().view_as(images)
    adversarial = apgd(linear, images, labels, norm="linf", epsilon=0.05, steps=STEPS)
    assert torch.allclose(adversarial, images + 0.05 * push, atol=1e-6)
    library = torchattacks.APGD(linear, eps=0.05, steps=STEPS)(images, labels)
    assert torch.equal(library[wrong], images[wrong])


def reference(model, image, label, epsilon):
    """Return the largest cross-entropy among the iterates of algorithm 1, for one image (1, 3, H,
    W), its start left out.
    """

    def look(point):
        leaf = point.clone().requires_grad_(True)
        loss = F.cross_entropy(model(leaf), label)
        return loss.item(), torch.autograd.grad(loss, leaf)[0]

    def inside(point):
        return (image + (point - image).clamp(-epsilon, epsilon)).clamp(0, 1)

    # section 3.2: checkpoints p_0 = 0, p_1 = .22, p_j+1 = p_j + max(p_j - p_j-1 - .03,
    # .06), in whole steps
    window, smallest, shrink = (
        max(int(0.22 * STEPS), 1),
        max(int(0.06 * STEPS), 1),
        max(int(0.03 * STEPS), 1),
    )
    eta = 2 * epsilon
    value, gradient = look(image)
    best_value, best, best_gradient, best_before, halved = value, image, gradient, value, True
    previous, point = image, inside(image + eta * gradient.sign())
    largest, rises, since = -float("inf"), 0, 0
    for step in range(1, STEPS + 1):
        last_value = value
        value, gradient = look(point)
        largest = max(largest, value)
        rises, since = rises + (value > last_value), since + 1
        if value > best_value:
            best_value, best, best_gradient = value, point, gradient
        at = point
        if since == window:
            halve = rises <= 0.75 * window or (not halved and best_before >= best_value)
            if halve:
                eta, at, gradient = eta / 2, best, best_gradient
            halved, best_before = halve, best_value
            rises, since, window = 0, 0, max(window - shrink, smallest)
        if step < STEPS:
            z = inside(at + eta * gradient.sign())
            point, previous = inside(at + 0.75 * (z - at) + 0.25 * (at - previous)), at
    return largest


def test_the_largest_loss_is_that_of_algorithm_1(trained, problem):
    images, labels = problem
    adversarial = apgd(trained, images, labels, norm="linf", epsilon=8 / 255, steps=STEPS)
    with torch.no_grad():
        ours = F.cross_entropy(trained(adversarial), labels, reduction="none")
    theirs = torch.tensor(
        [
            reference(trained, images[i : i + 1], labels[i : i + 1], 8 / 255)
            for i in range(len(images))
        ]
    )
    # the gradient's sign of a pixel may turn with the batch's rounding
    assert (ours - theirs).abs().median() < 1e-4
    assert ((ours - theirs).abs() < 0.05 * theirs.clamp(min=0.1)).float().mean() > 0.9
    assert ours.mean().item() == pytest.approx(theirs.mean().item(), rel=0.02)


def test_an_image_that_is_wrong_is_pushed_as_far_as_by_pgd(trained, problem):
    """Cross-entropy after the attack, on images given a wrong label, beside the library's
    PGD of as many steps.
    """
    images, _ = problem
    with torch.no_grad():
        labels = (trained(images).argmax(1) + 1) % 3
    ours = F.cross_entropy(
        trained(apgd(trained, images, labels, norm="linf", epsilon=8 / 255, steps=STEPS)), labels
    )
    clean = F.cross_entropy(trained(images), labels)
    library = torchattacks.PGD(
        trained, eps=8 / 255, alpha=2.5 * 8 / 255 / STEPS, steps=STEPS, random_start=False
    )
    theirs = F.cross_entropy(trained(library(images, labels)), labels)
    assert ours > clean
    assert ours >= 0.98 * theirs
