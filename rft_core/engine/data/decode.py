"""Decode a listing once: cut to size, hold out, read, resize, keep."""

import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from rft_core.aside import aside
from rft_core.engine.data.cache import ImageFile, cache_key, publish, read_cache
from rft_core.engine.data.dataset import Dataset, Request, Split
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.engine.data.pixels import to_pixels
from rft_core.engine.data.splits import Plan, plan_splits
from rft_core.errors import DataError
from rft_core.home import find_home

# each thread may hold a picture of 100 million pixels in several copies
MOST_THREADS = 8
PIECE_BYTES, SMALLEST_PIECE = 64 * 2**20, 64
NOTIFY_SECONDS = 2.0
NAMED = 3

Decoded = tuple[list[Split], tuple[str, ...]]


def decode(listing: Listing, request: Request) -> Dataset:
    """Return the dataset of `listing` at the size asked for, from the cache where it was decoded before.

    Pictures that cannot be read are left out, counted and named in the notes. Raises DataError for one class, too few images,
    a class of which nothing can be read, and a split of which nothing can be read.
    """
    plan = plan_splits(listing, request)
    key = cache_key(listing.fingerprint, request.image_size, [*listing.class_names, *listing.domains, *plan.others], plan.parts)
    folder = find_home().decoded / key
    splits, notes = read_cache(folder) or _decode_and_keep(listing, plan, request, folder)
    train, validation, test, *others = splits
    return Dataset(
        listing.name,
        listing.class_names,
        train,
        validation,
        test,
        (*listing.notes, *plan.notes, *notes),
        listing.domains,
        dict(zip(plan.others, others)),
        listing.left_out,
    )


def _decode_and_keep(listing: Listing, plan: Plan, request: Request, folder: Path) -> Decoded:
    """Decode into `folder` and read it back; into memory when the disk refuses (a picture that cannot be read is no such error)."""
    try:
        with aside(folder) as temporary:
            rows, notes = _decode_into(listing, plan, request, lambda place, part: ImageFile(temporary, place, request.image_size))
            publish(temporary, folder, rows, notes)
        if kept := read_cache(folder):
            return kept
        reason = "it was removed at once"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    splits, notes = _decode_into(listing, plan, request, lambda place, part: _Memory(len(part), request.image_size))
    return splits, (*notes, f"the decoded images could not be kept in {folder.parent} ({reason}); the next run decodes them again")


class _Sink(Protocol):
    def append(self, images: np.ndarray) -> None: ...
    def finish(self, labels: np.ndarray): ...
    def close(self) -> None: ...


class _Memory:
    """Images in main memory, where the disk cannot hold them."""

    def __init__(self, most: int, image_size: int):
        self.images, self.count = np.empty((most, 3, image_size, image_size), np.uint8), 0

    def append(self, images: np.ndarray) -> None:
        self.images[self.count : self.count + len(images)] = images
        self.count += len(images)

    def finish(self, labels: np.ndarray) -> Split:
        return Split(torch.from_numpy(self.images[: self.count]), torch.from_numpy(np.array(labels, dtype=np.int64)))

    def close(self) -> None:
        pass


def _decode_into(listing: Listing, plan: Plan, request: Request, make_sink: Callable[[int, Pictures], _Sink]) -> tuple[list, list[str]]:
    """Decode every part of `plan` into its own sink; return what the sinks made of it, and the notes."""
    progress = _Progress(sum(map(len, plan.parts)), request.notify)
    broken, finished, kept = [], [], []
    with warnings.catch_warnings(), ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        # filters are the whole process's, so they are set here and not in a thread; Pillow warns of large pictures and odd metadata
        warnings.simplefilter("ignore")
        for place, part in enumerate(plan.parts):
            sink = make_sink(place, part)
            try:
                kept.append(_decode_part(part, request.image_size, sink, pool, broken, progress))
                finished.append(sink.finish(part.labels[kept[-1]]))
            finally:
                sink.close()
    _check(listing, plan, kept, broken)
    return finished, _notes(broken)


def _decode_part(part: Pictures, image_size: int, sink: _Sink, pool: ThreadPoolExecutor, broken: list[str], progress: "_Progress") -> np.ndarray:
    """Decode `part` piece by piece into `sink`; return the indices of the pictures that could be read."""
    size = max(SMALLEST_PIECE, PIECE_BYTES // (3 * image_size * image_size))
    good = np.ones(len(part), dtype=bool)
    for start in range(0, len(part), size):
        places = range(start, min(start + size, len(part)))
        piece = np.empty((len(places), 3, image_size, image_size), np.uint8)
        for place, reason in zip(places, _read_piece(pool, part, places, piece)):
            progress.step()
            if reason:
                good[place] = False
                broken.append(f"{part.names[place]}: {reason}")
        sink.append(piece if good[start : start + size].all() else piece[good[start : start + size]])
    return np.flatnonzero(good)


def _read_piece(pool: ThreadPoolExecutor, part: Pictures, places: range, piece: np.ndarray) -> Iterator[str]:
    """Fill `piece` with the pictures at `places`; give for each the reason why it cannot be used, or ''."""

    def read(place: int) -> str:
        try:
            with part.read(place) as picture:
                piece[place - places.start] = to_pixels(picture, piece.shape[-1])
            return ""
        except DataError as error:
            return str(error)
        # Pillow raises many types on a damaged file, and each means the same here
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    return pool.map(read, places)


def _check(listing: Listing, plan: Plan, kept: list[np.ndarray], broken: list[str]) -> None:
    if not sum(map(len, kept)):
        raise DataError(f"none of the images in {listing.name} can be read; the first: {broken[0]}")
    names = ["training", "validation", "test", *(f"domain '{name}'" for name in plan.others)]
    for name, part, good in zip(names, plan.parts, kept):
        if len(part) and not len(good):
            raise DataError(f"none of the {len(part):,} {name} images of {listing.name} can be read; the first of {len(broken):,} such files: {broken[0]}")
    _check_classes(listing, plan.train, kept[0], broken)


def _check_classes(listing: Listing, train: Pictures, good: np.ndarray, broken: list[str]) -> None:
    wanted, found = (np.bincount(labels, minlength=len(listing.class_names)) for labels in (train.labels, train.labels[good]))
    empty = np.flatnonzero((wanted > 0) & (found == 0))
    if len(empty):
        name, first = listing.class_names[empty[0]], train.names[int(np.argmax(train.labels == empty[0]))]
        reason = next(line for line in broken if line.startswith(f"{first}: "))
        raise DataError(f"no training image of the class '{name}' in {listing.name} can be read ({reason}); replace its files or remove the class")


def _notes(broken: Sequence[str]) -> list[str]:
    return [f"{len(broken):,} files could not be read and were left out: {_some(broken)}"] if broken else []


def _some(broken: Sequence[str]) -> str:
    return "; ".join(broken[:NAMED]) + (" ..." if len(broken) > NAMED else "")


class _Progress:
    """Says how far decoding is, every few seconds."""

    def __init__(self, total: int, notify: Callable[[str], None]):
        self.total, self.notify, self.done, self.said = total, notify, 0, time.monotonic()

    def step(self) -> None:
        """Count one picture."""
        self.done += 1
        if time.monotonic() - self.said >= NOTIFY_SECONDS:
            self.said = time.monotonic()
            self.notify(f"decoding {self.done:,} of {self.total:,} pictures")
