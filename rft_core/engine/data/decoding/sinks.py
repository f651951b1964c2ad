"""Where decoded images go: into main memory, or nowhere; cache.ImageFile is the sink on disk."""

from typing import Protocol

import numpy as np
import torch

from rft_core.engine.data.dataset import Split


class Sink(Protocol):
    """Takes the images of one split piece by piece."""

    def append(self, images: np.ndarray) -> None:
        """Append `images` (n, 3, S, S) uint8."""

    def finish(self, labels: np.ndarray):
        """Finish with the `labels` (N,) of all images; return the stored result."""

    def close(self) -> None:
        """Release resources, finished or not."""


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
        """Do nothing: no file is open."""


class Nowhere:
    """Drops the images: for reading pictures that the run does not need."""

    def append(self, images: np.ndarray) -> None:
        """Drop `images`."""
