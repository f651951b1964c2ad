"""The one shape every dataset takes: three splits of uint8 images with labels, and the class names."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from rft_core.errors import DataError


@dataclass(frozen=True)
class Split:
    """Images (N, 3, H, W) uint8 and labels (N,) int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Tensor) -> "Split":
        """Return the images at `indices`, in that order."""
        indices = indices.to(self.labels.device)
        return Split(self.images[indices], self.labels[indices])

    def to(self, device: torch.device) -> "Split":
        """Return the same split on `device`."""
        return Split(self.images.to(device), self.labels.to(device))

    def digest(self) -> str:
        """Return a short hash of pixels and labels: two runs may be paired image by image only when it is equal."""
        content = hashlib.sha256(self.images.contiguous().cpu().numpy().tobytes())
        content.update(self.labels.cpu().numpy().tobytes())
        return content.hexdigest()[:16]


@dataclass(frozen=True)
class Dataset:
    """Train, validation and test split; `notes` says what was left out while loading, for the run's log."""

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    notes: tuple[str, ...] = ()

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def to(self, device: torch.device) -> "Dataset":
        """Return the same dataset with every split on `device`."""
        return replace(self, train=self.train.to(device), validation=self.validation.to(device), test=self.test.to(device))

    def limited(self, train_size: int | None, eval_size: int | None, seed: int) -> "Dataset":
        """Return the dataset with at most `train_size` training and `eval_size` test images, drawn evenly over classes."""
        return replace(self, train=stratified(self.train, train_size, seed), test=stratified(self.test, eval_size, seed + 1))


def stratified(split: Split, size: int | None, seed: int) -> Split:
    """Return `size` images of `split`, seeded, with each class's share kept; the whole split when it is no larger."""
    if size is None or size >= len(split):
        return split
    return split.take(torch.from_numpy(stratified_indices(split.labels.cpu().numpy(), size, seed)))


def stratified_indices(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Return `size` indices, seeded and sorted, with each class's share kept to within one image (largest remainder)."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    # evenly spaced places in the class-sorted list take each class in proportion to its size
    offset = generator.random()
    places = np.floor((np.arange(size) + offset) * len(labels) / size).astype(int)
    return np.sort(by_class[places])


def holdout(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (kept, held out) indices, stratified and seeded; each class keeps at least one image for training."""
    generator = np.random.default_rng(seed)
    kept, held = [], []
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        count = min(len(members) - 1, max(1, round(share * len(members))))
        held.append(members[:count])
        kept.append(members[count:])
    held_out = np.sort(np.concatenate(held))
    if not len(held_out):
        raise DataError("every class has a single image, so none can be held out for measuring; add images")
    return np.sort(np.concatenate(kept)), held_out
