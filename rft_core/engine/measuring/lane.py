"""A lane: many attacks side by side in one batch, each example attacked in smaller and smaller
balls until an attack fails on it.

Balls are nested, so every example has one critical grid point where it first falls. It is looked
for from above: attack in the largest ball; a perturbation that succeeds counts for every ball that
holds it, and the next smaller one is attacked from there. The first attack that fails ends the
search, since it is taken to fail in every smaller ball. So an example costs one failing attack at
most, and a success is short: it ends as soon as the example falls, and its place in the batch goes
to the next in line, so batches stay full.

What happens at a step depends on data; on a GPU what is launched does not. An example is exchanged
by `torch.where` there, no value is read by the host, and no shape depends on a verdict. When nobody
is left in line places become padding, which is counted nowhere: the batch keeps its size (a kernel
is planned for each new size of a convolution) but for one smaller size near the end, and the host
asks only now and then whether anything is left. On a CPU asking costs nothing and padding does, so
the batch shrinks at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.norms import Norm
from rft_core.engine.attacks.stepwise import State, StepwiseAttack, input_gradient, where
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.hardware.capture import CapturedStep

# a perturbation clamped to epsilon may exceed it by rounding
ROUNDING = 1 + 1e-5
# how many steps a GPU takes before the host asks how much is left
STEPS_BETWEEN_QUESTIONS = 8
# the batch of the last examples, as a share of the others
LAST_BATCH = 4


@dataclass(frozen=True)
class Falls:
    """Where N examples fall: `first` (N,) long, the smallest grid point that fooled the model, or
    the number of grid points where none did; and what they cost.

    `deltas` (N, C, H, W) and `classes` (N,) are the smallest perturbation that fooled the model and
    the class it then took the example for; of an example that never fell they say nothing.
    """

    first: Tensor
    gradient_evaluations: int
    deltas: Tensor
    classes: Tensor


class Everywhere:
    """New values are computed at every place of a batch and taken where `mask` (B,) says so."""

    def __init__(self, mask: Tensor):
        self.mask = mask

    def __bool__(self) -> bool:
        return True

    def pick(self, tensor: Tensor) -> Tensor:
        """Return what new values are computed from."""
        return tensor

    def put(self, old: Tensor, new: Tensor) -> Tensor:
        """Return `old` (B, ...) with the `new` values where they are wanted."""
        return where(self.mask, new, old)


class Somewhere(Everywhere):
    """New values are computed where `mask` (B,) says so alone: less work, of a size that depends
    on data.
    """

    def __init__(self, mask: Tensor):
        super().__init__(mask)
        self.rows = mask.nonzero().flatten()

    def __bool__(self) -> bool:
        return len(self.rows) > 0

    def pick(self, tensor: Tensor) -> Tensor:
        """Return what new values are computed from."""
        return tensor[self.rows]

    def put(self, old: Tensor, new: Tensor) -> Tensor:
        """Return `old` (B, ...) with the `new` values where they are wanted."""
        return old.index_copy(0, self.rows, new)


class Lane:
    """The attacks in flight on the examples `images` uint8 (N, C, H, W), N > 0, all of them
    classified rightly.

    `grid` (E,) holds the epsilons, 0 first. With `fixed_shapes` the model is called with batches
    of two sizes at most.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        grid: Tensor,
        attack: StepwiseAttack,
        ball: Norm,
        *,
        batch_size: int,
        memory_format: torch.memory_format = torch.contiguous_format,
        fixed_shapes: bool = False,
    ):
        self.model, self.images, self.labels, self.grid = model, images, labels, grid
        self.attack, self.ball, self.memory_format = attack, ball, memory_format
        self.fixed_shapes, self.count = fixed_shapes, len(labels)
        device = labels.device
        size = batch_size if fixed_shapes else min(batch_size, self.count)
        self.last_size = -(-size // LAST_BATCH)
        # one entry more than there are examples: what padding reads and writes
        self.first = torch.full((self.count + 1,), len(grid), device=device)
        self.classes = torch.zeros_like(self.first)
        shape = (self.count + 1, *images.shape[1:])
        self.deltas = torch.zeros(shape, device=device).contiguous(memory_format=memory_format)
        # an example stands in line once for each ball it may be attacked in; the last entry is
        # what is written where nothing is appended
        self.line = torch.full((self.count * (len(grid) - 1) + 1,), self.count, device=device)
        self.line[: self.count] = torch.arange(self.count, device=device)
        self.next = torch.tensor(min(size, self.count), device=device)
        self.end = torch.tensor(self.count, device=device)
        self.spent = torch.zeros_like(self.end)
        examples = torch.arange(size, device=device).clamp(max=self.count)
        self.places, self.state = self._begin(examples)
        self._take_step = self._repeatable_step()

    def run(self) -> Falls:
        """Attack until every example's critical point is known."""
        steps = 0
        while len(self.places["examples"]):
            self._take_step()
            steps += 1
            if not self.fixed_shapes or steps % STEPS_BETWEEN_QUESTIONS == 0:
                self._shrink()
        keep = slice(self.count)
        return Falls(self.first[keep], int(self.spent), self.deltas[keep], self.classes[keep])

    def step(self) -> None:
        """Take one gradient at every place, move on, and exchange what ended."""
        places, state = self.places, self.state
        examples, taken = places["examples"], places["taken"]
        labels = self.labels[examples.clamp(max=self.count - 1)]
        here = input_gradient(self.model, state["point"], labels, self.attack.loss_at(state))
        classes = here.logits.argmax(1)
        works = examples < self.count
        fell = works & (classes != labels)
        ended = works & (fell | (taken >= self.attack.length(here.logits.shape[1])))
        self.spent += works.sum()
        self.state = self.attack.advance(
            state, here, places["images"], places["epsilon"], self.ball
        )
        self.places = places | {"taken": taken + 1}
        # padding begins anew at every step, so that no attack goes on past its end there
        begins = Everywhere(ended | ~works) if self.fixed_shapes else Somewhere(ended)
        if begins:
            self._exchange(begins, fell, state["point"], classes)

    def _repeatable_step(self) -> Callable[[], None]:
        """Return `step`; with fixed shapes one that works on buffers which stay where they are, and
        that a GPU may therefore replay.
        """
        if not self.fixed_shapes:
            return self.step
        # at the start several names may stand for the same tensor
        places, state = (
            {name: tensor.clone() for name, tensor in tensors.items()}
            for tensors in (self.places, self.state)
        )

        def restore() -> None:
            self.places, self.state = places, state

        def step() -> None:
            self.step()
            # what the step leaves is new, so no buffer is overwritten that is still to be read
            for buffers, new in ((places, self.places), (state, self.state)):
                for name, buffer in buffers.items():
                    buffer.copy_(new[name])
            restore()

        restore()
        return CapturedStep(step, self.labels.device, restore=restore)

    def _exchange(self, begins: Everywhere, fell: Tensor, points: Tensor, classes: Tensor) -> None:
        """Write down what fell and have it stand in line again where there is a smaller ball; begin
        a new attack at the places that are free.
        """
        places = {name: begins.pick(tensor) for name, tensor in self.places.items()}
        fell, free, examples = begins.pick(fell), begins.pick(begins.mask), places["examples"]
        deltas = begins.pick(points) - places["images"]
        held_by = torch.searchsorted(self.grid * ROUNDING, self.ball.size(deltas)).clamp(min=1)
        fallen_at = torch.minimum(held_by, places["points"])
        rows = torch.where(fell, examples, self.count)
        self.first[rows] = fallen_at
        self.classes[rows] = begins.pick(classes)
        self.deltas[rows] = deltas
        again = fell & (fallen_at > 1)
        last = len(self.line) - 1
        self.line[torch.where(again, self.end + again.cumsum(0) - 1, last)] = examples
        self.end += again.sum()
        turn = self.next + free.cumsum(0) - 1
        self.next.copy_(torch.minimum(self.next + free.sum(), self.end))
        waiting = torch.where(turn < self.end, self.line[turn.clamp(max=last)], self.count)
        started, state = self._begin(torch.where(free, waiting, examples))
        self.places = {name: begins.put(self.places[name], started[name]) for name in started}
        self.state = {name: begins.put(self.state[name], state[name]) for name in state}

    def _begin(self, examples: Tensor) -> tuple[dict[str, Tensor], State]:
        """Return places (B,) and states of attacks on `examples` in the largest ball in which they
        are not known to fall.

        They start from the perturbation that fooled the model in a larger ball, shrunk into this
        one, or from the image itself.
        """
        points = (self.first[examples] - 1).clamp(min=0)
        epsilon = self.grid[points].view(-1, 1, 1, 1)
        rows = self.images[examples.clamp(max=self.count - 1)]
        images = as_pixels(rows, self.memory_format)
        begin = (images + self.ball.project(self.deltas[examples], epsilon)).clamp_(0, 1)
        places = {
            "examples": examples,
            "points": points,
            "images": images,
            "epsilon": epsilon,
            "taken": torch.zeros_like(examples),
        }
        return places, self.attack.start(images, begin, epsilon)

    def _shrink(self) -> None:
        """Take places that are padding out of the batch; this reads a value."""
        works = self.places["examples"] < self.count
        left, size = int(works.sum()), len(works)
        if self.fixed_shapes:
            wanted = 0 if left == 0 else self.last_size if left <= self.last_size else size
        else:
            wanted = left
        if wanted < size:
            # the places at work first, in their order
            kept = torch.argsort(~works, stable=True)[:wanted]
            self.places = {name: tensor[kept] for name, tensor in self.places.items()}
            self.state = {name: tensor[kept] for name, tensor in self.state.items()}
            self._take_step = self._repeatable_step()
