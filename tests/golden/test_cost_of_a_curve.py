"""The 9-point curve: at most 1.5 full attacks, and never kinder than one attack at each epsilon, on
a fragile and a robust model.
"""

import numpy as np
import pytest
import torch

from rft_core.bench.classifiers import classifier
from rft_core.engine.attacks.apgd import apgd
from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring.evaluate import evaluate

STEPS, IMAGES = 10, 200
EPSILONS = tuple(level / 255 for level in range(9))
FULL_ATTACKS = 1.5
# one image in two hundred
NOISE = 0.005


@pytest.fixture(scope="module", params=["bloom_resnet", "bloom_resnet_robust"])
def trained(request):
    return classifier(request.param, IMAGES)


def naive(model, split, attack) -> np.ndarray:
    """Accuracy at each epsilon by an attack of its own, an image that fell staying fallen."""
    images, labels, accuracies = as_pixels(split.images), split.labels, []
    for epsilon in EPSILONS:
        attacked = (
            attack(model, images, labels, norm="linf", epsilon=epsilon, steps=STEPS)
            if epsilon
            else images
        )
        with torch.no_grad():
            held = model(attacked).argmax(1) == labels
        # one that fell need not be attacked again
        images, labels = images[held], labels[held]
        accuracies.append(len(labels) / len(split))
    return np.array(accuracies)


# a full APGD attack looks where it starts as well: one gradient more than its steps
@pytest.mark.parametrize(
    ("name", "attack", "gradients"), [("pgd", pgd, STEPS), ("apgd", apgd, STEPS + 1)]
)
def test_it_costs_little_and_is_never_weaker(trained, name, attack, gradients):
    model, split = trained
    measured = evaluate(model, split, norm="linf", epsilons=EPSILONS, steps=STEPS, attack=name)
    accuracies = np.array(measured.curve.accuracies)
    assert 0 < accuracies[1] < 1
    assert (accuracies <= naive(model, split, attack) + NOISE).all()
    assert measured.gradient_evaluations <= FULL_ATTACKS * gradients * len(split)
