"""Where decoded images go: into main memory, or nowhere; cache.ImageFile is the one on disk."""

from typing import Protocol

import numpy as np
import torch

from rft_core.engine.data.dataset import Split


class Sink(Protocol):
    """Takes the images of one split piece by piece."""

    def append(self, images: np.ndarray) -> None:
        """Take `images` (n, 3, S, S) uint8 behind those before."""

    def finish(self, labels: np.ndarray):
        """End with the `labels` (N,) of all; return what became of the images."""

    def close(self) -> None:
        """Let go of what is held, also before the end."""


class Memory:
    """Images in main memory, where the disk cannot hold them."""

    def __init__(self, most: int, image_size: int):
        self.images, self.count = np.empty((most, 3, image_size, image_size), np.uint8), 0

    def append(self, images: np.ndarray) -> None:
        """Keep `images` (n, 3, S, S)."""
        self.images[self.count : self.count + len(images)] = images
        self.count += len(images)

    def finish(self, labels: np.ndarray) -> Split:
        """Return the images with their `labels`."""
        images = torch.from_numpy(self.images[: self.count])
        return Split(images, torch.from_numpy(np.array(labels, dtype=np.int64)))

    def close(self) -> None:
        """Nothing is held open."""


class Nowhere:
    """Keeps no image: for looking at pictures that the run does not need."""

    def append(self, images: np.ndarray) -> None:
        """Forget `images`."""
