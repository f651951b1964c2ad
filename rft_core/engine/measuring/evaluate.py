"""Evaluation: per-example verdicts on a whole grid of epsilons, in one pass.

An attack that is taken step by step runs in a lane (lane.py), which looks for each example's
critical epsilon from above; an attack that only runs as a whole is bisected (search.py). (Bisecting
the grid with PGD took 1.9 full attacks on a robust model where the lane took 1.45, with the same
verdicts.) The cost is counted in gradient evaluations (examples x steps).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.attacks.stepwise import StepwiseAttack
from rft_core.engine.data.dataset import Split
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.hardware.folding import Folding
from rft_core.engine.measuring.lane import Lane
from rft_core.engine.measuring.search import Found, Search, bisect_with
from rft_core.engine.models.modes import eval_mode
from rft_core.metrics.curve import RobustnessCurve
from rft_core.spec import catalog

# at once on the device of the labels: as many images as take this much, and their perturbations
# four times as much; but several batches at least, since the last attacks of a part leave places
# of the batch empty
PART_BYTES, PART_BATCHES = 64 * 2**20, 8


@dataclass(frozen=True)
class Evaluation:
    """Verdicts bool (N, E), True where the example is classified correctly at that epsilon, and
    their cost.

    `fooling` holds, if requested, what made each fallen example fall at its smallest
    epsilon.
    """

    epsilons: tuple[float, ...]
    verdicts: np.ndarray
    gradient_evaluations: int
    fooling: Mapping[int, Found] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def curve(self) -> RobustnessCurve:
        """The accuracies of the verdicts."""
        return RobustnessCurve.from_verdicts(self.epsilons, self.verdicts)


def evaluate(
    model: nn.Module,
    split: Split,
    *,
    norm: str,
    epsilons: Sequence[float],
    steps: int,
    attack: str = "pgd",
    relative_step_size: float | None = None,
    stepwise: StepwiseAttack | None = None,
    batch_size: int = 128,
    memory_format: torch.memory_format = torch.contiguous_format,
    keep_fooling: bool = False,
    folding: Folding | None = None,
    fixed_shapes: bool | None = None,
) -> Evaluation:
    """Return the verdicts of `model` on `split` under `attack` at each of
    `epsilons`, which start at 0.

    `stepwise`, if given, is run instead of the catalog's version of `attack`. The verdict at
    epsilon 0 is the clean prediction. Every module gets its training flag back. With
    `keep_fooling` the perturbations that fooled the model are kept: 12 bytes a pixel of each
    fallen image. With a `folding` the attacks run on the model's folded twin; the clean
    prediction is always the model's own. With `fixed_shapes` (the default on a GPU) the model
    is called with batches of two sizes at most.
    """
    row = catalog.find("attacks", attack)
    if stepwise is None and row.stepwise:
        stepwise = row.load_stepwise()(steps, relative_step_size)
    device = split.labels.device
    fixed = device.type == "cuda" if fixed_shapes is None else fixed_shapes
    grid = torch.tensor(epsilons, dtype=torch.float32, device=device)
    spent, fooling = 0, dict[int, Found]()
    with eval_mode(model):
        logits = predict(model, split, batch_size, memory_format, fixed_shapes=fixed)
        right = logits.argmax(1) == split.labels
        if len(epsilons) > 1 and stepwise:
            attacked = folding.of(model, split.images[:1]) if folding else model
            options = {
                "attack": stepwise,
                "ball": NORMS[norm],
                "batch_size": min(batch_size, max(len(split), 1)),
                "memory_format": memory_format,
                "fixed_shapes": fixed,
            }
            kept = fooling if keep_fooling else None
            first, spent = _find_falls(attacked, split, right, grid, kept, **options)
        else:
            search = Search(right, grid)
            first = search.high
            if len(epsilons) > 1:
                spent = bisect_with(
                    row.load(),
                    model,
                    split,
                    search,
                    norm=norm,
                    steps=steps,
                    batch_size=batch_size,
                    found=fooling if keep_fooling else None,
                )
    verdicts = np.arange(len(epsilons))[None, :] < first.cpu().numpy()[:, None]
    return Evaluation(tuple(epsilons), verdicts, spent, MappingProxyType(fooling))


def _find_falls(
    model: nn.Module,
    split: Split,
    right: Tensor,
    grid: Tensor,
    fooling: dict[int, Found] | None,
    **options: Any,
) -> tuple[Tensor, int]:
    """Return the grid point (N,) where each example first falls, and the gradient evaluations
    spent; write what fooled the model into `fooling` where it is given.

    Images are brought to the device of the labels a part of the split at a time.
    """
    first = torch.where(right, len(grid), 0)
    examples, spent = torch.nonzero(right).flatten(), 0
    part = max(PART_BYTES // max(split.images[:1].nbytes, 1), PART_BATCHES * options["batch_size"])
    for rows in examples.split(part) if len(examples) else ():
        lane = Lane(model, split.fetch(rows), split.labels[rows], grid, **options)
        falls = lane.run()
        first[rows] = falls.first
        spent += falls.gradient_evaluations
        if fooling is not None:
            fell = falls.first < len(grid)
            found = zip(rows[fell].tolist(), falls.deltas[fell], falls.classes[fell].tolist())
            fooling.update((example, Found(delta, name)) for example, delta, name in found)
    return first, spent


@torch.no_grad()
def predict(
    model: nn.Module,
    split: Split,
    batch_size: int = 256,
    memory_format: torch.memory_format = torch.contiguous_format,
    *,
    fixed_shapes: bool = False,
) -> Tensor:
    """Return float32 logits (N, K) of the clean images; the caller sets the mode.

    With `fixed_shapes` the last batch is filled up with its last image.
    """
    count, found = len(split), []
    for start in range(0, count, batch_size):
        which: Tensor | slice = slice(start, start + batch_size)
        if fixed_shapes and count > batch_size > count - start:
            rows = torch.arange(start, start + batch_size, device=split.labels.device)
            which = rows.clamp(max=count - 1)
        found.append(model(as_pixels(split.fetch(which), memory_format)).float())
    return torch.cat(found)[:count]
