"""Decoded images on disk: a folder for each dataset and size, written under a temporary name and
renamed, so that it is complete or does not exist.

A damaged folder counts as missing. If two processes write the same folder, the first stays. Where
a draw by labels alone would put copies of a picture into two splits, the folder holds no images but
a list of which pictures are copies.
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

# raised whenever the same files decode to other pixels: 2 scales greys of 9 to 16 bits by their
# true depth
FORMAT = 2
META, GROUPS = "meta.json", "groups.npy"
# below this a set is read into memory and its checksum compared; above, its pages are read
# when they are needed
IN_MEMORY_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Decoded:
    """What a folder holds: the splits, notes made while decoding, how many images two splits share,
    the values of deep greys.

    If `groups` (N,) says which training pictures are copies of each other, there are no splits
    yet: they are then drawn by it.
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

    The labels stand for the requested sizes: sizes larger than the dataset give the same key.
    """
    counts = [len(part) for part in parts]
    header = [FORMAT, PIL.__version__, fingerprint, image_size, list(names), counts]
    content = hashlib.sha256(json.dumps(header).encode())
    for part in parts:
        content.update(np.ascontiguousarray(part.labels, dtype=np.int64).data)
        if part.groups is not None:
            content.update(np.ascontiguousarray(part.groups, dtype=np.int64).data)
    return content.hexdigest()[:40]


def read_cache(folder: Path) -> Decoded | None:
    """Return what is kept in `folder`; None when it is missing or damaged.

    numpy refuses a file that was cut off; a changed pixel is only found in a small set.
    """
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if "groups" in meta:
            return Decoded(groups=_read_groups(folder, meta["groups"]))
        small = sum(row["bytes"] for row in meta["splits"]) <= IN_MEMORY_BYTES
        splits = [_read_split(folder, *row, small) for row in enumerate(meta["splits"])]
        greys = Greys.from_dict(meta["greys"]) if meta["greys"] else None
        return Decoded(splits, tuple(meta["notes"]), meta["shared"], greys)
    # whatever is wrong with it, it can be decoded again
    except Exception:
        return None


def _read_groups(folder: Path, checksum: int) -> np.ndarray:
    groups = np.load(folder / GROUPS, allow_pickle=False)
    if zlib.crc32(groups.data) != checksum:
        raise ValueError(f"{folder / GROUPS} was changed")
    return groups


def _read_split(folder: Path, index: int, row: dict, small: bool) -> Split:
    path = folder / f"{index}.npy"
    # copy on write: torch needs writable memory, the file must not change
    images = np.load(path, mmap_mode=None if small else "c", allow_pickle=False)
    labels = np.load(folder / f"{index}_labels.npy", allow_pickle=False)
    if (
        images.shape[0] != len(labels)
        or zlib.crc32(labels.data) != row["labels_checksum"]
        or (small and zlib.crc32(images.data) != row["checksum"])
    ):
        raise ValueError(f"{path} was changed")
    return Split(torch.from_numpy(images), torch.from_numpy(labels))


class ImageFile:
    """A .npy of images (N, 3, S, S) uint8 that grows by pieces.

    Plain writes, since a mapped file on a full disk kills the process.
    """

    def __init__(self, folder: Path, index: int, image_size: int):
        self.folder, self.index, self.image_size = folder, index, image_size
        self.count, self.checksum = 0, 0
        # open for as long as the object lives; see close
        self.file = open(folder / f"{index}.npy", "wb")  # noqa: SIM115
        self._write_header()

    def append(self, images: np.ndarray) -> None:
        """Append `images` (n, 3, S, S)."""
        self.file.write(images.data)
        self.count += len(images)
        self.checksum = zlib.crc32(images.data, self.checksum)

    def finish(self, labels: np.ndarray) -> dict[str, int]:
        """Write the number of images into the header and `labels` (N,) to a file beside it; return
        the row of the table of contents.
        """
        size = self.file.tell()
        self.file.seek(0)
        self._write_header()
        _to_disk(self.file)
        self.file.close()
        labels = np.ascontiguousarray(labels, dtype=np.int64)
        with open(self.folder / f"{self.index}_labels.npy", "wb") as file:
            np.save(file, labels)
            _to_disk(file)
        return {
            "bytes": size,
            "checksum": self.checksum,
            "labels_checksum": zlib.crc32(labels.data),
        }

    def close(self) -> None:
        """Close the file, finished or not."""
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
    _move(temporary, folder, {"groups": zlib.crc32(groups.data)})


def _move(temporary: Path, folder: Path, meta: Mapping) -> None:
    """Write the table of contents `meta` and move `temporary` to `folder`; a complete folder that
    exists already stays.
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
