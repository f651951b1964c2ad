"""Our PGD against torchattacks' PGD and PGDL2, without random start, on a CPU:
equal to the last bit.

Our loss is the sum over the batch, torchattacks' the mean. Where the batch size is a power of two
the mean's gradient is the sum's times a power of two, which floating point carries without
rounding; other batch sizes agree to a tolerance.
"""

import pytest
import torch

from rft_core.engine.attacks.pgd import input_gradient, pgd, step_share
from tests import tiny

torchattacks = pytest.importorskip("torchattacks")

MODELS = {"cnn": tiny.cnn, "vit": tiny.vit}
# torchattacks adds 1e-10 to the length of the mean's gradient: nothing in float32 beside a
# length well above 1e-3
SAFE_LENGTH = 2e-2


def both(build, norm, epsilon, steps, batch, share=None):
    """(ours, theirs, images, model) for one attack."""
    model, (images, _) = build(), tiny.pictures(batch, seed=batch)
    # large logits and a label that the model holds for unlikely lift every gradient above the guard
    head = model.backbone[-1] if build is tiny.cnn else model.backbone.head
    with torch.no_grad():
        head.weight.mul_(8)
        labels = model(images).argmin(1)
    ours = pgd(
        model, images, labels, norm=norm, epsilon=epsilon, steps=steps, relative_step_size=share
    )
    alpha = step_share(share, steps) * epsilon
    if norm == "linf":
        theirs = torchattacks.PGD(model, eps=epsilon, alpha=alpha, steps=steps, random_start=False)(
            images, labels
        )
    else:
        lengths = input_gradient(model, images, labels)[0].flatten(1).norm(dim=1) / batch
        assert lengths.min() > SAFE_LENGTH, (
            "the case cannot carry its claim: a gradient is too short"
        )
        theirs = torchattacks.PGDL2(
            model, eps=epsilon, alpha=alpha, steps=steps, random_start=False
        )(images, labels)
    return ours, theirs, images


@pytest.mark.parametrize("batch", [1, 4, 8])
@pytest.mark.parametrize(
    ("epsilon", "steps", "share"),
    [(2 / 255, 1, None), (4 / 255, 7, 0.25), (8 / 255, 10, None), (0.3, 3, 1.0)],
)
@pytest.mark.parametrize("name", list(MODELS))
def test_linf_to_the_last_bit(name, epsilon, steps, share, batch):
    ours, theirs, images = both(MODELS[name], "linf", epsilon, steps, batch, share)
    assert (ours - theirs).abs().max().item() == 0.0
    assert not torch.equal(ours, images)


@pytest.mark.parametrize("batch", [1, 4, 8])
@pytest.mark.parametrize(
    ("epsilon", "steps", "share"), [(0.25, 1, None), (0.5, 7, 0.25), (2.0, 5, None)]
)
@pytest.mark.parametrize("name", list(MODELS))
def test_l2_to_the_last_bit(name, epsilon, steps, share, batch):
    ours, theirs, images = both(MODELS[name], "l2", epsilon, steps, batch, share)
    assert (ours - theirs).abs().max().item() == 0.0
    assert not torch.equal(ours, images)


@pytest.mark.parametrize("batch", [3, 6])
@pytest.mark.parametrize("name", list(MODELS))
def test_l2_with_another_batch_size_to_rounding(name, batch):
    ours, theirs, _ = both(MODELS[name], "l2", 0.5, 3, batch)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize("batch", [3, 6])
@pytest.mark.parametrize("name", list(MODELS))
def test_linf_with_another_batch_size_but_for_gradients_about_zero(name, batch):
    ours, theirs, _ = both(MODELS[name], "linf", 8 / 255, 3, batch)
    # rounding can turn the sign of a gradient that is nearly zero; such a pixel
    # then goes the other way
    assert ((ours - theirs).abs() > 1e-6).float().mean() < 0.01
