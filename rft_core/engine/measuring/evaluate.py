"""Evaluation: per-example verdicts on a whole grid of epsilons, in one pass.

Balls are nested, so every example has one critical grid point where it first falls. It is looked
for from above: attack in the largest ball; a perturbation that succeeds counts for every ball it
fits in, and the next smaller one is attacked from there; the first attack that fails ends the
search, since it is taken to fail in every smaller ball. So an example costs one failing attack at
most, and a success is short: it ends as soon as the example falls, and its place in the batch goes
to the next, so batches stay full. (Halving the grid instead took 1.9 full attacks on a robust
model where this took 1.45, with the same verdicts.) What is spent is counted in gradient
evaluations (examples x steps).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from rft_core.engine.attacks.norms import NORMS, Norm
from rft_core.engine.attacks.stepwise import Here, Walk, input_gradient
from rft_core.engine.data.dataset import Split
from rft_core.engine.hardware.folding import Folding
from rft_core.engine.measuring.search import ROUNDING, Found, Search, bisect_with
from rft_core.engine.models.modes import eval_mode
from rft_core.metrics.curve import RobustnessCurve
from rft_core.spec import catalog


@dataclass(frozen=True)
class Evaluation:
    """Verdicts bool (N, E): True where the example is classified rightly at that
    epsilon; and what they cost.

    `fooling` has, where it was asked for, what made each fallen example fall at
    its smallest epsilon.
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
    walk: Walk | None = None,
    batch_size: int = 128,
    memory_format: torch.memory_format = torch.contiguous_format,
    keep_fooling: bool = False,
    folding: Folding | None = None,
) -> Evaluation:
    """Return the verdicts of `model` on `split` under `attack` at each of
    `epsilons`, which start at 0.

    A `walk` that is given takes the place of the attack's own. The verdict at epsilon 0 is
    the clean prediction. Every module's training flag is given back. With `keep_fooling`
    the perturbations that fooled the model are kept: 12 bytes a pixel of each fallen image.
    With a `folding` the attacks walk on the model's folded twin; the clean prediction is
    always the model's own.
    """
    row = catalog.find("attacks", attack)
    if walk is None and row.stepwise:
        walk = row.load_stepwise()(steps, relative_step_size)
    with eval_mode(model):
        right = predict(model, split, batch_size, memory_format).argmax(1) == split.labels
        search = Search(
            right, torch.tensor(epsilons, dtype=torch.float32, device=split.labels.device)
        )
        spent, fooling = 0, {}
        if len(epsilons) > 1 and walk:
            walked = folding.of(model, split.images[:1]) if folding else model
            lane = _Lane(walked, split, search, walk, NORMS[norm], memory_format)
            spent, fooling = lane.run(batch_size), lane.found
        elif len(epsilons) > 1:
            found = fooling if keep_fooling else None
            spent = bisect_with(
                row.load(),
                model,
                split,
                search,
                norm=norm,
                steps=steps,
                batch_size=batch_size,
                found=found,
            )
    verdicts = np.arange(len(epsilons))[None, :] < search.high.cpu().numpy()[:, None]
    return Evaluation(
        tuple(epsilons), verdicts, spent, MappingProxyType(fooling if keep_fooling else {})
    )


@torch.no_grad()
def predict(
    model: nn.Module,
    split: Split,
    batch_size: int = 256,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> Tensor:
    """Return float32 logits (N, K) of the clean images; the caller sets the mode."""
    starts = range(0, len(split), batch_size)
    return torch.cat(
        [
            model(as_pixels(split.fetch(slice(start, start + batch_size)), memory_format)).float()
            for start in starts
        ]
    )


def as_pixels(
    images: Tensor, memory_format: torch.memory_format = torch.contiguous_format
) -> Tensor:
    """Return uint8 images (N, 3, H, W) as float32 pixels in [0, 1]."""
    return images.to(torch.float32).div_(255).contiguous(memory_format=memory_format)


class _Lane:
    """The walks in flight, one a place in the batch, each with its own example, epsilon and
    number of steps taken.
    """

    def __init__(
        self,
        model: nn.Module,
        split: Split,
        search: Search,
        walk: Walk,
        ball: Norm,
        memory_format: torch.memory_format,
    ):
        self.model, self.split, self.search, self.walk, self.ball, self.memory_format = (
            model,
            split,
            search,
            walk,
            ball,
            memory_format,
        )
        # the smallest perturbation that fooled the model so far, where there is one
        self.found: dict[int, Found] = {}
        self.state: dict[str, Tensor] = {}
        self.place = self._fresh(torch.empty(0, dtype=torch.long, device=split.labels.device))

    def run(self, batch_size: int) -> int:
        """Walk until every example's critical point is known; return the
        gradient evaluations spent.
        """
        spent = 0
        while self._refill(batch_size):
            labels, loss = self.place["labels"], self.walk.loss_at(self.state)
            here = input_gradient(self.model, self.state["point"], labels, loss)
            spent += len(labels)
            fell = here.logits.argmax(1) != labels
            done = fell | (self.place["taken"] >= self.walk.length(here.logits.shape[1]))
            if done.any():
                self._settle(done, fell, here.logits)
                here = Here(*(tensor[~done] for tensor in here))
            self.state = self.walk.advance(
                self.state, here, self.place["images"], self.place["epsilon"], self.ball
            )
            self.place["taken"] = self.place["taken"] + 1
        return spent

    def _settle(self, done: Tensor, fell: Tensor, logits: Tensor) -> None:
        """Record the walks that ended and drop them from the batch."""
        examples, points = self.place["examples"][done], self.place["points"][done]
        deltas = self.state["point"][done] - self.place["images"][done]
        held_by = torch.searchsorted(self.search.grid * ROUNDING, self.ball.size(deltas)).clamp(
            min=1
        )
        fallen = fell[done]
        for example, delta, said in zip(
            examples[fallen].tolist(), deltas[fallen], logits[done][fallen].argmax(1).tolist()
        ):
            self.found[example] = Found(delta, said)
        self.search.settle(
            examples, points, torch.where(fallen, torch.minimum(held_by, points), self.search.count)
        )
        self.place = {name: tensor[~done] for name, tensor in self.place.items()}
        self.state = {name: tensor[~done] for name, tensor in self.state.items()}

    def _refill(self, batch_size: int) -> bool:
        """Start waiting examples in the free places; return whether anything is in flight."""
        free = batch_size - len(self.place["examples"])
        fresh = self.search.take(free)
        if len(fresh):
            kept_place, kept_state = self.place, self.state
            place = self._fresh(fresh)
            state = self.walk.start(place["images"], self._first(place), place["epsilon"])
            self.place = {
                name: self._join(kept_place[name], tensor) for name, tensor in place.items()
            }
            self.state = {
                name: self._join(kept_state[name], tensor) if kept_state else tensor
                for name, tensor in state.items()
            }
        return len(self.place["examples"]) > 0

    def _fresh(self, examples: Tensor) -> dict[str, Tensor]:
        points = self.search.just_below(examples)
        return {
            "examples": examples,
            "points": points,
            "images": as_pixels(self.split.fetch(examples), self.memory_format),
            "labels": self.split.labels[examples],
            "epsilon": self.search.grid[points].view(-1, 1, 1, 1),
            "taken": torch.zeros_like(examples),
        }

    def _first(self, place: dict[str, Tensor]) -> Tensor:
        """Start from the perturbation that fooled the model in a larger ball, shrunk into this one;
        else from the image.
        """
        images = place["images"]
        known = [self.found.get(example) for example in place["examples"].tolist()]
        if all(one is None for one in known):
            return images
        deltas = torch.stack(
            [torch.zeros_like(images[0]) if one is None else one.delta for one in known]
        )
        return torch.clamp(images + self.ball.project(deltas, place["epsilon"]), 0, 1).contiguous(
            memory_format=self.memory_format
        )

    def _join(self, old: Tensor, new: Tensor) -> Tensor:
        joined = torch.cat([old, new])
        return (
            joined.contiguous(memory_format=self.memory_format)
            if joined.ndim == 4 and joined.shape[1] > 1
            else joined
        )
