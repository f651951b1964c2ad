"""Every objective with every training attack, the real ones: no image comes back as it went in.

An attack that begins where its loss has no slope, or that gives a wrong image back as it came,
trains on clean images and says nothing; so the pixels themselves are looked at here, and nothing of
the engine is replaced.
"""

import pytest
import torch

from rft_core.engine.data.load import load_dataset
from rft_core.engine.hardware.device import choose_runtime
from rft_core.engine.models.build import build_model
from rft_core.engine.objectives.adversary import Adversary
from rft_core.engine.objectives.build import build_objective
from rft_core.spec import catalog
from rft_core.spec.run_spec import parse

EPSILON, IMAGES = 8 / 255, 16
# a pixel at 0 or 1 that is pushed outwards stays; those are few in these pictures
MOVED, MEAN_SIZE = 0.9, 0.9
TRAINING_ATTACKS = [row.name for row in catalog.ATTACKS if not row.measures_only]
ATTACKING = [row.name for row in catalog.OBJECTIVES if row.name != "natural"]
BACKBONES = ("bloom_resnet",)


@pytest.fixture(scope="module", params=BACKBONES)
def untrained(request):
    """A pretrained backbone under a new head, which takes almost every image for another
    class, and its data.
    """
    spec = parse({"data": {"dataset": "blooms_hard"}, "model": {"backbone": request.param}})
    data = load_dataset(spec, image_size=32, notify=print)
    model = build_model(
        spec.model, num_classes=data.num_classes, image_size=32, seed=0, notify=print
    )
    runtime = choose_runtime(spec.runtime, model)
    losses = {
        name: build_objective(parse({"objective": {"kind": name}}).objective, model, runtime)
        for name in ATTACKING
    }
    return model, data.train.images[:IMAGES].float().div(255), data.train.labels[:IMAGES], losses


def perturbations(
    untrained,
    objective,
    attack,
    *,
    random_start,
    precision=torch.float32,
    norm="linf",
    epsilon=EPSILON,
):
    """Return what the objective's own call of the attack adds to the images, (N, 3, H, W)."""
    model, images, labels, losses = untrained
    spec, seen = parse({"objective": {"kind": objective}}), []

    def watched(model, images, labels, **options):
        attacked = catalog.find("attacks", attack).load()(model, images, labels, **options)
        seen.append(attacked - images)
        return attacked

    adversary = Adversary(
        attack=watched,
        norm=norm,
        epsilon=epsilon,
        steps=3,
        relative_step_size=None,
        random_start=random_start,
        generator=torch.Generator().manual_seed(0),
    )
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == torch.bfloat16):
        losses[objective](model, images, labels, adversary, spec.objective)
    return seen[0]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize(
    "random_start", [False, True], ids=["from the image", "from a random point"]
)
@pytest.mark.parametrize("attack", TRAINING_ATTACKS)
@pytest.mark.parametrize("objective", ATTACKING)
def test_no_image_comes_back_as_it_went_in(untrained, objective, attack, random_start, precision):
    delta = perturbations(
        untrained, objective, attack, random_start=random_start, precision=precision
    ).abs()
    size = delta.amax(dim=(1, 2, 3))
    assert size.min() > 0
    assert size.max() <= EPSILON * (1 + 1e-5)
    assert size.mean() >= MEAN_SIZE * EPSILON
    assert (delta > 0).float().mean() >= MOVED


@pytest.mark.parametrize("attack", TRAINING_ATTACKS)
@pytest.mark.parametrize("objective", ATTACKING)
def test_the_same_in_l2(untrained, objective, attack):
    delta = perturbations(untrained, objective, attack, random_start=False, norm="l2", epsilon=0.5)
    lengths = delta.flatten(1).norm(dim=1)
    assert lengths.min() > 0.1 * 0.5
    assert lengths.max() <= 0.5 * (1 + 1e-5)


def test_images_that_are_wrong_without_an_attack_are_attacked_too(untrained):
    model, images, labels, _ = untrained
    with torch.no_grad():
        wrong = model.eval()(images).argmax(1) != labels
    assert wrong.sum() >= IMAGES / 2
    for attack in TRAINING_ATTACKS:
        delta = perturbations(untrained, "adversarial", attack, random_start=False)
        assert (delta[wrong].abs().amax(dim=(1, 2, 3)) > 0.99 * EPSILON).all(), attack
