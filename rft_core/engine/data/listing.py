"""Pictures before they are decoded: what a loader that reads files passes to `decode`.

A loader only lists where each picture is and its class. Cutting to size, decoding, resizing and
caching are done in `decode`, for all loaders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from PIL import Image

from rft_core.files.layout import LeftOut


@dataclass(frozen=True)
class Pictures:
    """Pictures of one split: `labels` (N,) int64, `names` (N,) for messages, and `read` (index),
    which returns the opened Pillow image or raises. `read` is called from several threads.

    `groups` (N,) int64 is the same number for pictures with the same pixels, -1 for a picture that
    cannot be read; None if pictures were not compared yet.
    """

    labels: np.ndarray
    names: Sequence[str]
    read: Callable[[int], Image.Image]
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Pictures":
        """Return the pictures at `indices`, in that order."""
        names = [self.names[index] for index in indices]
        groups = None if self.groups is None else self.groups[indices]
        return Pictures(
            self.labels[indices], names, lambda index: self.read(int(indices[index])), groups
        )


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A dataset before it is decoded. `validation` and `test` may be None: then `decode` holds
    them out of `train`.

    `fingerprint` changes when the pictures or their labels change (names, sizes and times of files;
    a version); the cache of decoded images depends on nothing else. `left_out`, `domains` and
    `others` are those of Dataset. `undrawn` is the listing before a paper's split was drawn in it
    (protocols.py) and `redraw` draws the split again; None if no split was drawn.
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
    undrawn: "Listing | None" = None
    redraw: "Callable[[Listing], Listing] | None" = None

    @property
    def given(self) -> "Listing":
        """The listing with the splits that its files define, without any that were drawn."""
        return self.undrawn or self

    @property
    def drawn(self) -> tuple[str, ...]:
        """The splits that are drawn from the training pictures here:
        validation, test, both or none.
        """
        given = self.given
        return tuple(kind for kind in ("validation", "test") if getattr(given, kind) is None)

    @property
    def parts(self) -> list[Pictures]:
        """All pictures that the listing has, by split."""
        parts = (self.train, self.validation, self.test, *self.others.values())
        return [part for part in parts if part is not None]
