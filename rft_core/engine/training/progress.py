"""How far a run is, and how long it has taken."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from rft_core.metrics.transfer import Onset, onset

CHECKPOINT_SECONDS = 20.0


@dataclass
class Progress:
    """How far a run is; plain data, kept in its checkpoint."""

    step: int = 0
    seconds: float = 0.0
    training_seconds: float = 0.0
    images: int = 0
    gradient_evaluations: int = 0
    # images processed at a time; 0 as long as whole batches fit
    part_size: int = 0
    tracked: list[dict[str, Any]] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)

    def onset(self, num_classes: int) -> Onset | None:
        """Return where the run adapted to its task, judged by the measurements so far."""
        steps, epochs, clean = (
            [row[name] for row in self.tracked] for name in ("step", "epoch", "clean")
        )
        return onset(steps, epochs, clean, num_classes)


class Clock:
    """Counts a run's seconds across interruptions, and says when a checkpoint is due."""

    def __init__(self, progress: Progress):
        self.progress, self.before = progress, progress.seconds
        self.started = self.saved = time.monotonic()

    def training(self) -> "_Training":
        return _Training(self.progress)

    def tick(self) -> None:
        self.progress.seconds = self.before + time.monotonic() - self.started

    def due(self) -> bool:
        return time.monotonic() - self.saved > CHECKPOINT_SECONDS


class _Training:
    """Adds the time spent inside the block to the training time, so that speeds exclude
    evaluation.
    """

    def __init__(self, progress: Progress):
        self.progress = progress

    def __enter__(self) -> None:
        self.entered = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.progress.training_seconds += time.monotonic() - self.entered
