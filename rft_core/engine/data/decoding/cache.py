"""Decoded images on disk: one folder a dataset and size, written aside and renamed into place, so
that it is whole or not there.

A folder that is damaged all the same counts as missing. Two processes may write the same one: the
first stays. Where a draw by labels alone would have put copies of one picture into two splits, its
folder holds no images but which pictures are copies.
"""

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import PIL
import torch

from rft_core.engine.data.dataset import Split
from rft_core.engine.data.greys import Greys
from rft_core.engine.data.listing import Pictures

# a new number whenever the same pictures come out otherwise: 2 scales greys of 9 to 16
# bits by their true depth
FORMAT = 2
META, GROUPS = "meta.json", "groups.npy"
# below this a set is read into memory and its checksum compared; above, its pages are read
# when they are needed
IN_MEMORY_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Decoded:
    """What a folder holds: the splits, notes made while decoding, how many images two splits share,
    the values of deep greys.

    With `groups` (N,), which training pictures are copies of each other, there are no splits: they
    are to be drawn by it.
    """

    splits: Sequence[Split] = ()
    notes: tuple[str, ...] = ()
    shared: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    greys: Greys | None = None
    groups: np.ndarray | None = None


def cache_key(
    fingerprint: str, image_size: int, names: Sequence[str], parts: Sequence[Pictures]
) -> str:
    """Return the folder name for the decoded `parts` of a listing; `names` are its
    classes and domains.

    The labels stand for the sizes that were asked for: sizes beyond what there
    is give the same key.
    """
    counts = [len(part) for part in parts]
    header = [FORMAT, PIL.__version__, fingerprint, image_size, list(names), counts]
    content = hashlib.sha256(json.dumps(header).encode())
    for part in parts:
        content.update(np.ascontiguousarray(part.labels, dtype=np.int64))
        if part.groups is not None:
            content.update(np.ascontiguousarray(part.groups, dtype=np.int64))
    return content.hexdigest()[:40]


def read_cache(folder: Path) -> Decoded | None:
    """Return what is kept in `folder`; None when it is missing or damaged.

    numpy refuses a file that was cut off; a changed pixel is found in a small set alone.
    """
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if "groups" in meta:
            return Decoded(groups=_read_groups(folder, meta["groups"]))
        small = sum(row["bytes"] for row in meta["splits"]) <= IN_MEMORY_BYTES
        splits = [_read_split(folder, *row, small) for row in enumerate(meta["splits"])]
        greys = Greys.from_dict(meta["greys"]) if meta["greys"] else None
        return Decoded(splits, tuple(meta["notes"]), meta["shared"], greys)
    # whatever is wrong with it, it can be decoded anew
    except Exception:
        return None


def _read_groups(folder: Path, checksum: int) -> np.ndarray:
    groups = np.load(folder / GROUPS, allow_pickle=False)
    if zlib.crc32(groups) != checksum:
        raise ValueError(f"{folder / GROUPS} was changed")
    return groups


def _read_split(folder: Path, place: int, row: dict, small: bool) -> Split:
    path = folder / f"{place}.npy"
    # copy on write: torch wants memory that may be written, the file must stay as it is
    images = np.load(path, mmap_mode=None if small else "c", allow_pickle=False)
    labels = np.load(folder / f"{place}_labels.npy", allow_pickle=False)
    if (
        images.shape[0] != len(labels)
        or zlib.crc32(labels) != row["labels_checksum"]
        or (small and zlib.crc32(images) != row["checksum"])
    ):
        raise ValueError(f"{path} was changed")
    return Split(torch.from_numpy(images), torch.from_numpy(labels))


class ImageFile:
    """A .npy of images (N, 3, S, S) uint8 that grows by pieces.

    Plain writes, since a mapped file on a full disk kills the process.
    """

    def __init__(self, folder: Path, place: int, image_size: int):
        self.folder, self.place, self.image_size = folder, place, image_size
        self.count, self.checksum = 0, 0
        # open for as long as the object lives; see close
        self.file = open(folder / f"{place}.npy", "wb")  # noqa: SIM115
        self._write_header()

    def append(self, images: np.ndarray) -> None:
        """Write `images` (n, 3, S, S) behind those before."""
        self.file.write(images)
        self.count += len(images)
        self.checksum = zlib.crc32(images, self.checksum)

    def finish(self, labels: np.ndarray) -> dict[str, int]:
        """Write the number of images into the header and `labels` (N,) beside it; return the row of
        the table of contents.
        """
        size = self.file.tell()
        self.file.seek(0)
        self._write_header()
        _to_disk(self.file)
        self.file.close()
        labels = np.ascontiguousarray(labels, dtype=np.int64)
        with open(self.folder / f"{self.place}_labels.npy", "wb") as file:
            np.save(file, labels)
            _to_disk(file)
        return {"bytes": size, "checksum": self.checksum, "labels_checksum": zlib.crc32(labels)}

    def close(self) -> None:
        """Close the file, also one that is not finished."""
        self.file.close()

    def _write_header(self) -> None:
        # numpy pads the header so that its length does not depend on the number of rows
        shape = (self.count, 3, self.image_size, self.image_size)
        np.lib.format.write_array_header_1_0(
            self.file, {"descr": "|u1", "fortran_order": False, "shape": shape}
        )


def publish(
    temporary: Path, folder: Path, rows: Sequence[Mapping[str, int]], decoded: Decoded
) -> None:
    """Write the table of contents, `rows` and all of `decoded` but its splits, and move
    `temporary` to `folder`.
    """
    greys = decoded.greys.as_dict() if decoded.greys else None
    meta = {"splits": rows, "notes": decoded.notes, "shared": dict(decoded.shared), "greys": greys}
    _move(temporary, folder, meta)


def publish_groups(temporary: Path, folder: Path, groups: np.ndarray) -> None:
    """Keep in `folder`, by way of `temporary`, which pictures are copies of each other; images
    written there are removed.
    """
    for path in temporary.iterdir():
        path.unlink()
    groups = np.ascontiguousarray(groups, dtype=np.int64)
    with open(temporary / GROUPS, "wb") as file:
        np.save(file, groups)
        _to_disk(file)
    _move(temporary, folder, {"groups": zlib.crc32(groups)})


def _move(temporary: Path, folder: Path, meta: Mapping) -> None:
    """Write the table of contents `meta` and move `temporary` to `folder`; a whole folder that is
    there already stays.
    """
    with open(temporary / META, "w", encoding="utf-8") as file:
        json.dump(meta, file)
        _to_disk(file)
    if folder.exists() and read_cache(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        os.rename(temporary, folder)
    except OSError:
        if read_cache(folder) is None:
            raise


def _to_disk(file) -> None:
    file.flush()
    os.fsync(file.fileno())
