"""Pictures before they are decoded: what a loader that reads files returns to `decode`.

A loader only lists: where each picture is and its class. Cutting to size, decoding, resizing and the cache are done once,
in `decode`, for all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from PIL import Image

from rft_core.layout import LeftOut


@dataclass(frozen=True)
class Pictures:
    """Pictures of one split: `labels` (N,) int64, `names` (N,) for messages, and `read` (index), which returns the opened
    Pillow image or raises. `read` is called from several threads."""

    labels: np.ndarray
    names: Sequence[str]
    read: Callable[[int], Image.Image]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Pictures":
        """Return the pictures at `indices`, in that order."""
        return Pictures(self.labels[indices], [self.names[place] for place in indices], lambda place: self.read(int(indices[place])))


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A dataset before it is decoded. `validation` and `test` may be None: then `decode` holds them out of `train`.

    `fingerprint` changes when the pictures or their labels change (names, sizes and times of files; a version), and is
    all that the cache of decoded images goes by. `left_out`, `domains` and `others` are those of Dataset.
    """

    name: str
    class_names: tuple[str, ...]
    fingerprint: str
    train: Pictures
    validation: Pictures | None = None
    test: Pictures | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    domains: tuple[str, ...] = ()
    others: Mapping[str, Pictures] = field(default_factory=lambda: MappingProxyType({}))
