"""APGD-CE + T against what shares nothing with it: a linear model's closed form, and
torchattacks' APGD-T.
"""

import pytest
import torch
import torchattacks
from torch import nn

from rft_core.bench.classifiers import classifier
from rft_core.engine.attacks.losses import targeted_dlr
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring.evaluate import evaluate

CLASSES, IMAGES = 10, 200


@pytest.fixture(scope="module")
def linear():
    """Ten classes told apart linearly, and images whose labels are the model's own predictions."""
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 6 * 6, CLASSES))
    with torch.no_grad():
        model[1].weight.copy_(torch.randn(CLASSES, 108, generator=generator))
    pixels = (80 + 95 * torch.rand(IMAGES, 3, 6, 6, generator=generator)).round().to(torch.uint8)
    labels = model(as_pixels(pixels)).argmax(1)
    return model, Split(pixels, labels)


def smallest_fooling(model, split) -> torch.Tensor:
    """Return, for each image, the least epsilon that fools the model: min over t of (z_y -
    z_t) / ||w_y - w_t||_1.
    """
    weights, logits = model[1].weight.detach(), model(as_pixels(split.images)).detach()
    lead = logits.gather(1, split.labels[:, None]) - logits
    distance = (weights[split.labels][:, None] - weights[None]).abs().sum(2)
    return (lead / distance).masked_fill(lead == 0, torch.inf).amin(1)


def test_on_a_linear_model_every_verdict_is_that_of_the_closed_form(linear):
    model, split = linear
    true = smallest_fooling(model, split)
    grid = (0.0, *true.quantile(torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])).tolist())
    measured = evaluate(model, split, norm="linf", epsilons=grid, steps=10, attack="apgd_ce_t")
    for index, epsilon in enumerate(grid):
        # an image within a thousandth of the border may fall on either side
        clear = (true / max(epsilon, 1e-9) - 1).abs() > 1e-3
        assert torch.equal(
            torch.from_numpy(measured.verdicts[:, index])[clear], (true > epsilon)[clear]
        )


def test_cross_entropy_alone_leaves_images_standing_that_a_target_fells(linear):
    model, split = linear
    grid = (0.0, smallest_fooling(model, split).median().item())
    alone = evaluate(model, split, norm="linf", epsilons=grid, steps=10, attack="apgd")
    both = evaluate(model, split, norm="linf", epsilons=grid, steps=10, attack="apgd_ce_t")
    assert (both.verdicts <= alone.verdicts).all()


def test_the_loss_is_the_librarys():
    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(50, CLASSES, generator=generator)
    labels = torch.randint(0, CLASSES, (50,), generator=generator)
    targets = (labels + torch.randint(1, CLASSES, (50,), generator=generator)) % CLASSES
    library = torchattacks.APGDT(nn.Linear(1, 1), n_classes=CLASSES)
    theirs = library.dlr_loss_targeted(logits, labels, targets)
    assert torch.allclose(targeted_dlr(logits, labels, targets), theirs, atol=1e-6)


@pytest.mark.parametrize(("name", "level"), [("bloom_resnet", 1), ("bloom_resnet_robust", 6)])
def test_as_strong_as_the_librarys_two_attacks_in_turn(name, level):
    """torchattacks' APGD-CE, and its APGD-T over nine targets on what that
    leaves, ten steps each.
    """
    model, split = classifier(name, 100)
    images, labels, epsilon = as_pixels(split.images), split.labels, level / 255
    by_entropy = torchattacks.APGD(model, eps=epsilon, steps=10, loss="ce")(images, labels)
    by_target = torchattacks.APGDT(model, eps=epsilon, steps=10, n_classes=10)(images, labels)
    with torch.no_grad():
        standing = (model(by_entropy).argmax(1) == labels) & (model(by_target).argmax(1) == labels)
    ours = evaluate(
        model, split, norm="linf", epsilons=(0.0, epsilon), steps=10, attack="apgd_ce_t"
    )
    assert 0.02 < ours.verdicts[:, 1].mean() < 0.98
    # the library starts at a random point and aims at nine classes: three images in a hundred
    # may differ either way
    assert abs(ours.verdicts[:, 1].mean() - standing.float().mean().item()) <= 0.03 + 1e-6


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_few_classes(classes):
    """Two and three classes have no fourth logit to scale by; there the margin is attacked,
    down to the closed form.
    """
    torch.manual_seed(2)
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, classes))
    pixels = torch.randint(60, 190, (80, 3, 4, 4), dtype=torch.uint8)
    split = Split(pixels, model(as_pixels(pixels)).argmax(1))
    true = smallest_fooling(model, split)
    epsilon = true.median().item()
    measured = evaluate(
        model, split, norm="linf", epsilons=(0.0, epsilon), steps=10, attack="apgd_ce_t"
    )
    clear = (true / epsilon - 1).abs() > 1e-3
    assert torch.equal(torch.from_numpy(measured.verdicts[:, 1])[clear], (true > epsilon)[clear])
