"""Job: everything a run keeps in memory, built once from its spec."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rft_core.cost.tracking_plan import steps_per_epoch
from rft_core.engine.data.dataset import Dataset, Split
from rft_core.engine.hardware.device import Runtime
from rft_core.engine.hardware.folding import Folding
from rft_core.engine.seeds import generator
from rft_core.spec.run_spec import RunSpec

MEASURE_BATCH = 256


@dataclass
class EpochOrder:
    """The order in which an epoch takes the training images; drawn once an epoch, from
    seed and epoch alone.
    """

    epoch: int | None = None
    indices: Tensor | None = None

    def of(self, seed: int, epoch: int, count: int) -> Tensor:
        """Return the order (count,) of `epoch`."""
        if self.indices is None or self.epoch != epoch:
            self.epoch = epoch
            self.indices = torch.randperm(count, generator=generator(seed, "order", epoch))
        return self.indices


@dataclass(frozen=True)
class Job:
    """Everything a run keeps in memory; built once from the spec."""

    spec: RunSpec
    dataset: Dataset
    tracked: Split
    model: nn.Module
    optimizer: torch.optim.Optimizer
    runtime: Runtime
    objective: Callable[..., Tensor]
    part_size: int = 0
    """Training images that fit into memory at once; 0 for a whole batch."""
    measure_batch: int = MEASURE_BATCH
    """Images measured at once."""
    order: EpochOrder = field(default_factory=EpochOrder, compare=False)
    folding: Folding = field(default_factory=Folding, compare=False)
    """The twin of `model` that training attacks."""

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps an epoch; images that do not fill a batch are left out until the next
        epoch.
        """
        return steps_per_epoch(len(self.dataset.train), self.spec.optim.batch_size)

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.steps_per_epoch * self.spec.optim.epochs
