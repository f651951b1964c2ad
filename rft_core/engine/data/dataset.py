"""The form of every dataset: three splits of uint8 images with labels, and the class names."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from rft_core.engine.data.copies import (
    count_shared,
    has_copies,
    hold_out_groups,
    pixel_digest,
)
from rft_core.engine.data.greys import Greys
from rft_core.engine.hardware.device import room_for_images
from rft_core.errors import DataError
from rft_core.files.layout import LeftOut
from rft_core.metrics.shared_images import describe_shared

NO_SPLITS: Mapping[str, "Split"] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a run needs from a dataset.

    Loaders that read files decode only as many images as `train_size` and `eval_size` need.

    `notify` takes a line for the run's log during a long load ("downloading cifar10: 40 %").
    """

    image_size: int
    domains: tuple[str, ...] = ()
    layout: str = "auto"
    train_size: int | None = None
    eval_size: int | None = None
    shift_size: int | None = None
    notify: Callable[[str], None] = lambda text: None


@dataclass(frozen=True)
class Split:
    """Images (N, 3, H, W) uint8 and labels (N,) int64; the images may be kept on the CPU while the
    labels are on a GPU.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Tensor) -> "Split":
        """Return the images at `indices`, in that order; everything stays on its device."""
        return Split(
            self.images[indices.to(self.images.device)], self.labels[indices.to(self.labels.device)]
        )

    def fetch(self, which: Tensor | slice = slice(None)) -> Tensor:
        """Return the images at `which` on the device of the labels: a batch for the model, wherever
        the images are kept.
        """
        device = self.labels.device
        if isinstance(which, Tensor):
            which = which.to(self.images.device)
        images = self.images[which]
        # a copy from pinned memory does not wait for the work queued on the GPU
        return (
            images.pin_memory().to(device, non_blocking=True)
            if device.type == "cuda" != images.device.type
            else images.to(device)
        )

    def to(self, device: torch.device, room: float = math.inf) -> "Split":
        """Return the same split on `device`; images that take more than `room` bytes
        stay where they are.
        """
        images = self.images.to(device) if self.images.nbytes <= room else self.images
        return Split(images, self.labels.to(device))

    def digest(self) -> str:
        """Return a short hash of pixels and labels: two runs may be paired image by image
        only when it is equal.
        """
        content = hashlib.sha256(self.images.contiguous().cpu().numpy().data)
        content.update(self.labels.contiguous().cpu().numpy().data)
        return content.hexdigest()[:16]

    def pixel_digests(self) -> list[bytes]:
        """Return a hash of the pixels of each image."""
        return [pixel_digest(image.cpu().numpy()) for image in self.images]


@dataclass(frozen=True)
class Dataset:
    """Train, validation and test split; `notes` says what was left out while loading, for the run's
    log, and `left_out` counts the files that were not even opened.

    A dataset with domains is split by them: the three splits come from `domains`, and `others`
    holds the test images of the remaining domains. A domain is never on both sides.

    `shared` says how many images each pair of splits has in common (see count_shared), None if they
    are not counted yet. `greys` are the values of greys of more than 8 bits, None if there are
    none.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    notes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    others: Mapping[str, Split] = field(default_factory=lambda: NO_SPLITS)
    left_out: tuple[LeftOut, ...] = ()
    shared: Mapping[str, int] | None = None
    greys: Greys | None = None

    def __post_init__(self):
        if both := sorted(set(self.domains) & set(self.others)):
            raise DataError(
                f"{self.name} trains on the domain '{both[0]}' and also measures it as another"
                " domain; a domain can only be one or the other"
            )

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def splits(self) -> dict[str, Split]:
        """Every split by its name: train, validation, test, then the other domains."""
        own = {"train": self.train, "validation": self.validation, "test": self.test}
        return own | dict(self.others)

    def with_shared(self) -> "Dataset":
        """Return the dataset with `shared` filled in, which counts the images that splits share."""
        if self.shared is not None:
            return self
        digests = {name: split.pixel_digests() for name, split in self.splits.items()}
        return replace(self, shared=count_shared(digests))

    def shared_lines(self) -> list[str]:
        """Return a line for the log for each pair of splits that share images."""
        counts = {name: len(split) for name, split in self.splits.items()}
        counts["others"] = sum(map(len, self.others.values()))
        advice = "pixel for pixel: accuracy on them says little about new images"
        return [f"{phrase}, {advice}" for phrase in describe_shared(self.shared, counts)]

    def to(self, device: torch.device) -> "Dataset":
        """Return the same dataset on `device`: the labels of every split, and its images if there
        is room for them.

        Training images come first; images of a split that does not fit stay on the CPU and are
        copied batch by batch.
        """
        room = room_for_images(device)
        moved = []
        for split in (self.train, self.validation, self.test, *self.others.values()):
            moved.append(split.to(device, room))
            room -= moved[-1].images.nbytes if moved[-1].images is not split.images else 0
        train, validation, test, *others = moved
        return replace(
            self,
            train=train,
            validation=validation,
            test=test,
            others=dict(zip(self.others, others)),
        )

    def limited(self, request: Request) -> "Dataset":
        """Return the dataset with at most as many images as `request` says, drawn evenly over
        classes; the draw does not depend on the seed of a run.
        """
        others = {
            name: stratified(split, request.shift_size, seed=2)
            for name, split in self.others.items()
        }
        return replace(
            self,
            train=stratified(self.train, request.train_size, seed=0),
            test=stratified(self.test, request.eval_size, seed=1),
            others=others,
        )


def stratified(split: Split, size: int | None, seed: int) -> Split:
    """Return `size` images of `split`, seeded, with each class's share kept; all of them if
    there are not more.
    """
    if size is None or size >= len(split):
        return split
    return split.take(torch.from_numpy(stratified_indices(split.labels.cpu().numpy(), size, seed)))


def stratified_indices(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Return `size` indices, seeded and sorted, with each class's share kept to within one image
    (largest remainder).
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    # evenly spaced positions in the class-sorted list take each class in proportion to its size
    offset = generator.random()
    positions = np.floor((np.arange(size) + offset) * len(labels) / size).astype(int)
    return np.sort(by_class[positions])


def holdout(
    labels: np.ndarray, share: float, seed: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (kept, held out) indices, stratified and seeded; each class keeps at least
    one image for training.

    Images with the same number in `groups` (N,), such as copies of a picture, stay on one side.
    Without such images the draw depends on the labels alone.
    """
    if has_copies(groups):
        return hold_out_groups(labels, groups, share, seed)
    generator = np.random.default_rng(seed)
    by_class = np.argsort(labels, kind="stable")
    _, starts = np.unique(labels[by_class], return_index=True)
    kept, held = [], []
    for own in np.split(by_class, starts[1:]):
        members = generator.permutation(own)
        count = min(len(members) - 1, max(1, round(share * len(members))))
        held.append(members[:count])
        kept.append(members[count:])
    held_out = np.sort(np.concatenate(held))
    if not len(held_out):
        raise DataError(
            "every class has a single image, so none can be held out for measuring; add images"
        )
    return np.sort(np.concatenate(kept)), held_out
