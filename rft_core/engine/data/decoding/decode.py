"""Decode a listing once: cut to size, hold out, read, resize, keep."""

import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rft_core.engine.data.copies import SPLITS, count_shared, group_digests, pixel_digest
from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.decoding.cache import (
    Decoded,
    ImageFile,
    cache_key,
    publish,
    publish_groups,
    read_cache,
)
from rft_core.engine.data.decoding.pixels import to_pixels
from rft_core.engine.data.decoding.sinks import Memory, Nowhere, Sink
from rft_core.engine.data.decoding.splits import Plan, plan_splits
from rft_core.engine.data.greys import GreyScale, colour_notes, is_deep_colour
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.errors import DataError
from rft_core.files.atomic import atomic_folder
from rft_core.files.home import find_home

# each thread may hold a picture of 100 million pixels in several copies
MOST_THREADS = 8
PIECE_BYTES, SMALLEST_PIECE = 64 * 2**20, 64
NOTIFY_SECONDS = 2.0
NAMED = 3


def decode(listing: Listing, request: Request) -> Dataset:
    """Return the dataset of `listing` at the requested size, from the cache if it was decoded
    before.

    Splits are drawn by the labels alone. Where that puts the same pixels into two splits, all
    training pictures are compared and the splits are drawn again, with the copies of a picture in
    one split. Pictures that cannot be read are left out, counted and named in the notes. Raises
    DataError for fewer than two classes, too few images, a class or a split without a readable
    image.
    """
    plan, decoded = _load(listing, request)
    if decoded.groups is not None:
        listing = _grouped(listing, decoded.groups)
        plan, decoded = _load(listing, request)
    train, validation, test, *others = decoded.splits
    return Dataset(
        listing.name,
        listing.class_names,
        train,
        validation,
        test,
        (*listing.notes, *plan.notes, *decoded.notes),
        listing.domains,
        dict(zip(plan.others, others)),
        listing.left_out,
        decoded.shared,
        decoded.greys,
    )


def _load(listing: Listing, request: Request) -> tuple[Plan, Decoded]:
    plan = plan_splits(listing, request)
    names = [*listing.class_names, *listing.domains, *plan.others]
    key = cache_key(listing.fingerprint, request.image_size, names, plan.parts)
    folder = find_home().decoded / key
    return plan, read_cache(folder) or _decode_and_keep(listing, plan, request, folder)


def _grouped(listing: Listing, groups: np.ndarray) -> Listing:
    """Return `listing` as its files define it, with `groups` of its training pictures; a paper's
    split is drawn by them.
    """
    given = listing.given
    grouped = replace(given, train=replace(given.train, groups=groups))
    return listing.redraw(grouped) if listing.redraw else grouped


def _decode_and_keep(listing: Listing, plan: Plan, request: Request, folder: Path) -> Decoded:
    """Decode into `folder` and read it back; into memory if the disk cannot be written (a picture
    that cannot be read is a different error).
    """
    try:
        with atomic_folder(folder) as temporary:
            rows, decoded = _decode_into(
                listing,
                plan,
                request,
                lambda index: ImageFile(temporary, index, request.image_size),
            )
            if decoded.groups is None:
                publish(temporary, folder, rows, decoded)
            else:
                publish_groups(temporary, folder, decoded.groups)
        if kept := read_cache(folder):
            return kept
        reason = "it was removed at once"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    splits, decoded = _decode_into(
        listing, plan, request, lambda index: Memory(len(plan.parts[index]), request.image_size)
    )
    note = (
        f"the decoded images could not be kept in {folder.parent} ({reason}); the next run decodes"
        " them again"
    )
    return replace(decoded, splits=splits, notes=(*decoded.notes, note))


@dataclass
class _Work:
    """What decoding needs and finds: the reasons why files cannot be used, in their order."""

    image_size: int
    pool: ThreadPoolExecutor
    greys: GreyScale
    progress: "_Progress"
    broken: list[str] = field(default_factory=list)
    deep_colours: list[int] = field(default_factory=list)
    """The greatest value of each picture of 16 bits a channel."""


def _decode_into(
    listing: Listing, plan: Plan, request: Request, make_sink: Callable[[int], Sink]
) -> tuple[list, Decoded]:
    """Decode every part of `plan` into its own sink; return what the sinks returned, and everything
    else about the decoded images.

    If the result has groups, the parts have copies in common and must be drawn again.
    """
    finished, kept, digests = [], [], {}
    with _working(listing, request, sum(map(len, plan.parts))) as work:
        for index, (name, part) in enumerate(zip([*SPLITS, *plan.others], plan.parts)):
            sink = make_sink(index)
            try:
                found = _decode_part(part, sink, work)
                kept.append(
                    np.array([digest is not None for digest in found], dtype=bool).nonzero()[0]
                )
                finished.append(sink.finish(part.labels[kept[-1]]))
            finally:
                sink.close()
            digests[name] = [digest for digest in found if digest]
    _check(listing, plan, kept, work.broken)
    shared = count_shared(digests)
    groups = _find_groups(listing, request) if _is_leaking(listing, shared) else None
    greys = work.greys.found.notes() if work.greys.found else []
    notes = (*greys, *colour_notes(work.deep_colours), *_notes(work.broken))
    return finished, Decoded((), notes, shared, work.greys.found, groups)


@contextmanager
def _working(
    listing: Listing, request: Request, total: int, verb: str = "decoding"
) -> Iterator[_Work]:
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        # filters belong to the process, so they are set here and not in a thread; Pillow warns of
        # large pictures and odd metadata
        warnings.simplefilter("ignore")
        greys = GreyScale(listing.given.parts, request.notify)
        yield _Work(request.image_size, pool, greys, _Progress(total, request.notify, verb))


def _is_leaking(listing: Listing, shared: dict[str, int]) -> bool:
    """Return whether two splits share images although one was drawn from the other, or both from
    the same pictures.
    """
    sides = [name for name in SPLITS if name == "train" or name in listing.drawn]
    drawn = [f"{first}_{second}" for first in sides for second in sides]
    return listing.train.groups is None and any(shared.get(pair) for pair in drawn)


def _find_groups(listing: Listing, request: Request) -> np.ndarray:
    """Return the groups of equal pixels of all training pictures; pictures that cannot be read have
    no group.
    """
    train = listing.given.train
    request.notify("some pictures occur more than once: comparing all, to keep copies in one split")
    with _working(listing, request, len(train), "comparing") as work:
        return group_digests(_decode_part(train, Nowhere(), work))


def _decode_part(part: Pictures, sink: Sink | Nowhere, work: _Work) -> list[bytes | None]:
    """Decode `part` piece by piece into `sink`; return the hash of each picture's pixels, None if
    it cannot be read.
    """
    edge = work.image_size
    size = max(SMALLEST_PIECE, PIECE_BYTES // (3 * edge * edge))
    digests: list[bytes | None] = []
    for start in range(0, len(part), size):
        indices = range(start, min(start + size, len(part)))
        piece = np.empty((len(indices), 3, edge, edge), np.uint8)
        for index, found in zip(indices, _read_piece(part, indices, piece, work)):
            work.progress.step()
            digests.append(found if isinstance(found, bytes) else None)
            if isinstance(found, str):
                work.broken.append(f"{part.names[index]}: {found}")
        good = np.array([digest is not None for digest in digests[start:]])
        sink.append(piece if good.all() else piece[good])
    return digests


def _read_piece(
    part: Pictures, indices: range, piece: np.ndarray, work: _Work
) -> Iterator[bytes | str]:
    """Fill `piece` with the pictures at `indices`; yield for each the hash of its pixels, or the
    reason why it cannot be used.
    """

    def read(index: int) -> bytes | str:
        pixels = piece[index - indices.start]
        try:
            with part.read(index) as picture:
                is_cut = is_deep_colour(picture)
                pixels[:] = to_pixels(picture, work.image_size, work.greys)
            if is_cut:
                work.deep_colours.append(int(pixels.max()))
            return pixel_digest(pixels)
        except DataError as error:
            return str(error)
        # Pillow raises many types on a damaged file, and each means the same here
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    return work.pool.map(read, indices)


def _check(listing: Listing, plan: Plan, kept: list[np.ndarray], broken: list[str]) -> None:
    if not sum(map(len, kept)):
        raise DataError(f"none of the images in {listing.name} can be read; the first: {broken[0]}")
    names = ["training", "validation", "test", *(f"domain '{name}'" for name in plan.others)]
    for name, part, good in zip(names, plan.parts, kept):
        if len(part) and not len(good):
            raise DataError(
                f"none of the {len(part):,} {name} images of {listing.name} can be read; the first"
                f" of {len(broken):,} such files: {broken[0]}"
            )
    _check_classes(listing, plan.train, kept[0], broken)


def _check_classes(listing: Listing, train: Pictures, good: np.ndarray, broken: list[str]) -> None:
    wanted, found = (
        np.bincount(labels, minlength=len(listing.class_names))
        for labels in (train.labels, train.labels[good])
    )
    empty = np.flatnonzero((wanted > 0) & (found == 0))
    if len(empty):
        name, first = (
            listing.class_names[empty[0]],
            train.names[int(np.argmax(train.labels == empty[0]))],
        )
        reason = next(line for line in broken if line.startswith(f"{first}: "))
        raise DataError(
            f"no training image of the class '{name}' in {listing.name} can be read ({reason});"
            " replace its files or remove the class"
        )


def _notes(broken: Sequence[str]) -> list[str]:
    return (
        [f"{len(broken):,} files could not be read and were left out: {_some(broken)}"]
        if broken
        else []
    )


def _some(broken: Sequence[str]) -> str:
    return "; ".join(broken[:NAMED]) + (" ..." if len(broken) > NAMED else "")


class _Progress:
    """Reports how far decoding is, every few seconds."""

    def __init__(self, total: int, notify: Callable[[str], None], verb: str):
        self.total, self.notify, self.verb = total, notify, verb
        self.done, self.last_notified = 0, time.monotonic()

    def step(self) -> None:
        """Count one picture."""
        self.done += 1
        if time.monotonic() - self.last_notified >= NOTIFY_SECONDS:
            self.last_notified = time.monotonic()
            self.notify(f"{self.verb} {self.done:,} of {self.total:,} pictures")
