"""Measure any model on any images: the `evaluate` that the engine's door exports."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring.evaluate import Evaluation
from rft_core.engine.measuring.evaluate import evaluate as evaluate_split
from rft_core.engine.models.modes import eval_mode
from rft_core.errors import UnknownNameError, UserError
from rft_core.spec import catalog
from rft_core.units import PIXEL_LEVELS

GRID = tuple(level / PIXEL_LEVELS for level in range(9))


def evaluate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    epsilons: Sequence[float] = GRID,
    norm: str = "linf",
    attack: str = "apgd_ce_t",
    steps: int = 20,
    batch_size: int = 128,
) -> Evaluation:
    """Return the verdicts of `model` on the whole grid of `epsilons`, with its `curve`.

    `model` maps pixels (N, C, H, W) in [0, 1] to logits (N, K): mean and std belong inside it
    (NormalizedModel). `images` are such pixels as floats, or uint8; `labels` (N,) whole numbers
    from 0 to K - 1. `epsilons` rise from 0, by default every 1/255 up to 8/255; for "l2" give
    lengths. `attack` is a name from `list attacks`, `steps` its gradient steps. The model is
    measured in eval mode, on the device of its weights, and every module gets its mode back.
    """
    catalog.find("attacks", attack)
    if steps < 1:
        raise UserError(f"an attack needs steps of at least 1, got {steps}")
    grid = _checked_grid(epsilons, norm)
    device = next((tensor.device for tensor in model.parameters()), images.device)
    split = Split(images, labels.to(device))
    _check_images(split)
    with eval_mode(model), torch.no_grad():
        logits = model(as_pixels(split.fetch(slice(0, 1))))
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        raise UserError("the model must give logits (N, K); wrap it in a module that returns them")
    if int(labels.max()) >= logits.shape[1]:
        raise UserError(
            f"the labels go up to {int(labels.max())} and the model has {logits.shape[1]} classes,"
            " counted from 0; give labels of the model's own classes"
        )
    return evaluate_split(
        model,
        split,
        norm=norm,
        epsilons=grid,
        steps=steps,
        attack=attack,
        batch_size=batch_size,
    )


def _checked_grid(epsilons: Sequence[float], norm: str) -> tuple[float, ...]:
    if norm not in NORMS:
        raise UnknownNameError("norm", norm, list(NORMS))
    grid = tuple(float(epsilon) for epsilon in epsilons)
    if not grid or grid[0] != 0 or list(grid) != sorted(set(grid)) or not math.isfinite(grid[-1]):
        raise UserError(f"epsilons must rise from 0, such as (0, 4/255, 8/255), got {grid}")
    if norm == "linf" and grid[-1] > 1:
        raise UserError(
            f"epsilons of linf lie in [0, 1], the scale of the pixels, got {grid[-1]:g}; did you"
            f" mean {grid[-1]:g}/255?"
        )
    return grid


def _check_images(split: Split) -> None:
    images, labels = split.images, split.labels
    if images.ndim != 4 or labels.ndim != 1 or len(images) != len(labels) or not len(labels):
        raise UserError(
            "images must be (N, C, H, W) and labels (N,), at least one of them, got"
            f" {tuple(images.shape)} and {tuple(labels.shape)}"
        )
    if labels.is_floating_point() or int(labels.min()) < 0:
        raise UserError("labels must be whole numbers of at least 0, the indices of the classes")
    if images.dtype == torch.uint8:
        return
    if not images.is_floating_point():
        raise UserError(f"images must be floats in [0, 1] or uint8, got {images.dtype}")
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):
        raise UserError(
            f"images must be pixels in [0, 1], got {low:g} to {high:g}; leave mean and std to the"
            " model: NormalizedModel(network, mean, std)"
        )
