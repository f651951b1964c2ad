"""evaluate of the door: any module on any images, or a clear refusal."""

import pytest
import torch
from torch import Tensor, nn

from rft_core.engine import build_model, evaluate
from rft_core.engine.data.dataset import Split
from rft_core.engine.measuring.evaluate import evaluate as evaluate_split
from rft_core.errors import UserError

PIXELS = torch.randint(
    0, 256, (6, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
GRID = (0.0, 1 / 255, 4 / 255)


class First(nn.Module):
    """Two classes by the first pixel alone: above a half or not."""

    def forward(self, images: Tensor) -> Tensor:
        value = images[:, 0, 0, 0]
        return torch.stack([0.5 - value, value - 0.5], dim=1)


def test_floats_and_bytes_and_a_run_give_the_same_verdicts():
    model = build_model("bloom_resnet", num_classes=3)
    as_bytes = evaluate(model, PIXELS, LABELS, epsilons=GRID, steps=3)
    as_floats = evaluate(model, PIXELS.float() / 255, LABELS, epsilons=GRID, steps=3)
    by_run = evaluate_split(
        model,
        Split(PIXELS, LABELS),
        norm="linf",
        epsilons=GRID,
        steps=3,
        attack="apgd_ce_t",
    )
    assert as_bytes.verdicts.tolist() == as_floats.verdicts.tolist() == by_run.verdicts.tolist()


def test_the_images_and_the_model_stay_as_they_were():
    model, images = build_model("bloom_resnet", num_classes=3).train(), PIXELS.float() / 255
    kept, weights = images.clone(), [tensor.clone() for tensor in model.state_dict().values()]
    evaluate(model, images, LABELS, epsilons=GRID, steps=2)
    assert torch.equal(images, kept)
    assert all(map(torch.equal, weights, model.state_dict().values()))
    assert all(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_grey_floats_finer_than_bytes_are_measured_as_they_are():
    """Rounded to bytes, the first would stand at 1/1000 and the second would be misread."""
    images = torch.tensor([0.5005, 0.4999]).view(2, 1, 1, 1)
    found = evaluate(First(), images, torch.tensor([1, 0]), epsilons=(0, 0.0003, 0.001), steps=3)
    assert found.verdicts.tolist() == [[True, True, False], [True, False, False]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": PIXELS.float()}, "pixels in [0, 1], got 0 to 255"),
        ({"images": PIXELS.long()}, "floats in [0, 1] or uint8"),
        ({"images": PIXELS[0]}, "images must be (N, C, H, W)"),
        ({"labels": LABELS[:2]}, "images must be (N, C, H, W) and labels (N,)"),
        ({"labels": LABELS.float()}, "whole numbers"),
        ({"labels": LABELS + 1}, "go up to 3 and the model has 3 classes"),
        ({"labels": LABELS - 1}, "of at least 0"),
        ({"epsilons": (1 / 255, 2 / 255)}, "must rise from 0"),
        ({"epsilons": (0, 8)}, "did you mean 8/255?"),
        ({"epsilons": (0, float("nan"))}, "must rise from 0"),
        ({"attack": "pdg"}, "did you mean 'pgd'?"),
        ({"norm": "l1"}, "l1"),
        ({"steps": 0}, "steps"),
        ({"model": nn.Identity()}, "must give logits (N, K)"),
    ],
)
def test_what_would_be_measured_wrong_is_refused(changes, message):
    given = {"model": build_model("bloom_resnet", num_classes=3), "images": PIXELS}
    given |= {"labels": LABELS, "epsilons": GRID} | changes
    model, images, labels = (given.pop(name) for name in ("model", "images", "labels"))
    with pytest.raises(UserError) as raised:
        evaluate(model, images, labels, **given)
    assert message in str(raised.value)
