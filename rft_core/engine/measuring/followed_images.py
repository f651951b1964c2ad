"""The few test images that are followed through training: clean, adversarial, and the model's
predictions for both.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.models.modes import eval_mode
from rft_core.files.atomic import write_arrays


def save_examples(
    path: Path, model: nn.Module, split: Split, *, norm: str, epsilon: float, steps: int
) -> None:
    """Attack the images of `split` at `epsilon` and write one .npz:

    clean and adversarial uint8 (N, H, W, 3), delta float16 (N, H, W, 3) in pixel scale, labels, and
    for both pictures prediction (N,) and confidence (N,). The pictures are rounded for display; the
    predictions are those of the exact pictures.
    """
    images = as_pixels(split.fetch())
    with eval_mode(model):
        adversarial = (
            pgd(model, images, split.labels, norm=norm, epsilon=epsilon, steps=steps)
            if epsilon > 0
            else images
        )
        with torch.no_grad():
            clean_confidence, clean_prediction = model(images).float().softmax(1).max(1)
            confidence, prediction = model(adversarial).float().softmax(1).max(1)
    content = {
        "clean": _picture(images),
        "adversarial": _picture(adversarial),
        "delta": _last(adversarial - images).to(torch.float16),
        "labels": split.labels,
        "clean_prediction": clean_prediction,
        "clean_confidence": clean_confidence,
        "prediction": prediction,
        "confidence": confidence,
    }
    write_arrays(path, {name: tensor.cpu().numpy() for name, tensor in content.items()})


def _last(batch: Tensor) -> Tensor:
    return batch.permute(0, 2, 3, 1)


def _picture(batch: Tensor) -> Tensor:
    return (_last(batch) * 255).round().to(torch.uint8)
