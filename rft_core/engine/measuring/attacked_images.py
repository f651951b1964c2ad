"""Single images under attack: which fall first, which hold longest, and what they look like at
rising epsilons.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring.evaluate import Evaluation
from rft_core.engine.models.modes import eval_mode
from rft_core.files.atomic import write_arrays
from rft_core.metrics.verdicts import smallest_falling

MOST_CONFIDENT = 5
SHOWN_EACH, SHOWN_EPSILONS = 6, 7
FIRST, LONGEST = "first", "longest"
# a perturbation found before (N, C, H, W), and the smallest epsilon (N,) whose ball holds it,
# infinite if there is none
Fallback = tuple[Tensor, Tensor]


def choose_shown(measured: Evaluation, margins: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the images (indices) that fall first, then those that hold longest, and for each
    which of the two it is.

    Images that are misclassified without an attack are left out. Among equals the image with the
    smaller clean margin (`margins`, (N,)) comes first.
    """
    fallen_at = smallest_falling(np.array(measured.epsilons), measured.verdicts)
    right = np.flatnonzero(fallen_at > 0)
    order = right[np.lexsort((margins[right], fallen_at[right]))]
    first = [index for index in order if np.isfinite(fallen_at[index])][:SHOWN_EACH]
    longest = [index for index in order[::-1] if index not in first][:SHOWN_EACH]
    return np.array([*first, *longest], dtype=np.int64), [FIRST] * len(first) + [LONGEST] * len(
        longest
    )


def thin(epsilons: Sequence[float]) -> tuple[float, ...]:
    """Return at most SHOWN_EPSILONS of `epsilons`, evenly placed, with the first and the last."""
    indices = np.unique(
        np.linspace(0, len(epsilons) - 1, min(SHOWN_EPSILONS, len(epsilons))).round().astype(int)
    )
    return tuple(epsilons[index] for index in indices)


def climb(
    model: nn.Module,
    split: Split,
    *,
    norm: str,
    steps: int,
    epsilons: Sequence[float],
    fallback: Fallback | None = None,
) -> tuple[Tensor, Tensor]:
    """Return perturbations (N, E, C, H, W) and logits (N, E, K) at each of `epsilons`, by
    PGD with `steps` steps.

    A perturbation that fools the model is kept if the attack in a larger ball finds none. Where PGD
    finds none at all, the `fallback` is used from the smallest epsilon whose ball holds it.
    """
    images, labels = as_pixels(split.fetch()), split.labels
    delta, deltas, logits = torch.zeros_like(images), [], []
    for epsilon in epsilons:
        if epsilon > 0:
            found = pgd(model, images, labels, norm=norm, epsilon=epsilon, steps=steps) - images
            worse = _is_right(model, images + delta, labels) | ~_is_right(
                model, images + found, labels
            )
            delta = torch.where(worse.view(-1, 1, 1, 1), found, delta)
        if epsilon > 0 and fallback is not None:
            helped = _is_right(model, images + delta, labels) & (fallback[1] <= epsilon)
            delta = torch.where(helped.view(-1, 1, 1, 1), fallback[0], delta)
        deltas.append(delta)
        with torch.no_grad():
            logits.append(model(images + delta).float())
    return torch.stack(deltas, 1), torch.stack(logits, 1)


def fallback_of(measured: Evaluation, indices: np.ndarray, split: Split) -> Fallback:
    """Return the perturbations that an evaluation found for the images at `indices`, `split`
    holding these images.
    """
    images = as_pixels(split.fetch())
    fallen_at = smallest_falling(np.array(measured.epsilons, dtype=np.float32), measured.verdicts)[
        indices
    ]
    found = [measured.fooling.get(int(index)) for index in indices]
    deltas = torch.stack(
        [
            torch.zeros_like(image) if known is None else known.delta
            for image, known in zip(images, found)
        ]
    )
    start = torch.tensor(
        [np.inf if known is None else at for known, at in zip(found, fallen_at)],
        dtype=torch.float32,
        device=images.device,
    )
    # the grid is float32 in the evaluation, and float64 as requested in the pictures
    return deltas, start * (1 - 1e-6)


def save_pictures(
    path: Path,
    model: nn.Module,
    split: Split,
    measured: Evaluation,
    indices: np.ndarray,
    kinds: Sequence[str],
    *,
    norm: str,
    steps: int,
) -> None:
    """Attack the images of `split` at `indices` at rising epsilons and write one .npz:

    clean uint8 (M, H, W, 3), delta float16 (M, E, H, W, 3) in pixel scale, epsilons (E,), classes
    and confidences (M, E, 5) of the most confident, labels (M,), kinds (M,), falls_at (M,) infinite
    where an image held, and the indices as places (M,).
    """
    shown = split.take(torch.from_numpy(indices))
    epsilons = thin(measured.epsilons)
    with eval_mode(model):
        deltas, logits = climb(
            model,
            shown,
            norm=norm,
            steps=steps,
            epsilons=epsilons,
            fallback=fallback_of(measured, indices, shown),
        )
    confidences, classes = logits.softmax(-1).topk(min(MOST_CONFIDENT, logits.shape[-1]))
    content = {
        "clean": shown.images.permute(0, 2, 3, 1).cpu().numpy(),
        "delta": deltas.permute(0, 1, 3, 4, 2).to(torch.float16).cpu().numpy(),
        "epsilons": np.array(epsilons),
        "classes": classes.cpu().numpy(),
        "confidences": confidences.cpu().numpy(),
        "labels": shown.labels.cpu().numpy(),
        "kinds": np.array(kinds),
        "falls_at": smallest_falling(np.array(measured.epsilons), measured.verdicts)[indices],
        "places": indices,
    }
    write_arrays(path, content)


@torch.no_grad()
def _is_right(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return model(images).argmax(1) == labels
