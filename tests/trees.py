"""Folders and zips of small pictures as people have them: what lies in them,
and what must come out.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

KINDS = {".jfif": "JPEG", ".jpe": "JPEG", ".jpg": "JPEG", ".jp2": "JPEG2000", ".pnm": "PPM"}


@cache
def picture(name: str, kind: str = "") -> bytes:
    """A picture of 12 x 12 pixels, another for every name; its format is that of the
    name's suffix, or `kind`.
    """
    seed = list(name.encode("utf-8", "surrogateescape"))
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    content, suffix = io.BytesIO(), Path(name).suffix.lower()
    Image.fromarray(pixels).save(content, kind or KINDS.get(suffix, suffix.lstrip(".").upper()))
    return content.getvalue()


def files(groups: Mapping[str, int]) -> dict[str, bytes]:
    """Return path -> content for groups such as {"train/cat/*.png": 6}; what is not an
    image holds a few bytes.
    """
    found = {}
    for pattern, count in groups.items():
        for index in range(count):
            path = pattern.replace("*", f"{index:03d}")
            is_image = Path(path).suffix.lower() in (
                *KINDS,
                ".png",
                ".avif",
                ".webp",
                ".bmp",
                ".gif",
                ".tif",
                ".tiff",
            )
            found[path] = picture(path) if is_image else b"a few bytes"
    return found


def plant(root: Path, groups: Mapping[str, int]) -> Path:
    """Write the files of `groups` below `root`; a path that ends in a slash is an empty folder."""
    for path, content in files(groups).items():
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root


def pack(path: Path, groups: Mapping[str, int]) -> Path:
    """Write the files of `groups` into the zip at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files(groups).items():
            archive.writestr(name, content)
    return path


@dataclass(frozen=True)
class Case:
    """One input: `groups` of files; the classes and counts (train, validation, test) that its
    folders say, and lines that are told; or `asks`, a part of the question or refusal. `settings`
    are those of the section data.
    """

    name: str
    groups: Mapping[str, int]
    classes: tuple[str, ...] = ()
    counts: tuple[int, int, int] = (0, 0, 0)
    lines: Sequence[str] = ()
    asks: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def two(
    prefix: str, count: int, suffix: str = "png", names: Sequence[str] = ("disc", "square")
) -> dict[str, int]:
    """Groups of two classes below `prefix`."""
    return {f"{prefix}{name}/*.{suffix}": count for name in names}


BOTH = ("disc", "square")
# the inputs of the field's bug reports
FIELD = (
    Case(
        "inner folders of splits",
        two("seg_train/seg_train/", 6)
        | two("seg_test/seg_test/", 3)
        | {"seg_pred/seg_pred/*.png": 4},
        BOTH,
        (12, 0, 6),
        [
            "4 images left out, not for training or measuring by their names: seg_pred/ (4 images)",
            "'seg_train' (train)",
        ],
    ),
    Case(
        "sets",
        two("training_set/", 6) | two("test_set/", 3),
        BOTH,
        (12, 0, 6),
        ["'training_set' (train)"],
    ),
    Case(
        "dev is validation",
        two("train/", 6) | two("dev/", 2) | two("test/", 3),
        BOTH,
        (12, 4, 6),
        ["'dev' (validation)"],
    ),
    Case(
        "a class called train",
        two("", 6, names=("bus", "plane", "train")),
        ("bus", "plane", "train"),
        (18, 0, 0),
        ["'train' is a class here, not a split"],
    ),
    Case(
        "jfif and avif",
        {
            "disc/*.png": 6,
            "square/*.jfif": 3,
            "square/*.avif": 3,
            "square/*.png": 2,
            "stripes/*.avif": 6,
            "stripes/*.svg": 4,
        },
        ("disc", "square", "stripes"),
        (20, 0, 0),
        ["4 other files left out, not read as images (4 .svg)"],
    ),
    Case(
        "a wrapper beside __MACOSX",
        two("data/train/", 6)
        | two("data/test/", 3)
        | {
            "__MACOSX/data/train/disc/._*.png": 2,
            "__MACOSX/data/*.png": 1,
        },
        BOTH,
        (12, 0, 6),
        ["everything lies in the folder 'data'"],
    ),
    Case(
        "loose pictures beside classes",
        two("", 6) | {"*.png": 30},
        BOTH,
        (12, 0, 0),
        [
            "30 images left out, loose beside the class folders: 000.png; 001.png; 002.png; and 27"
            " more"
        ],
    ),
    Case(
        "other case in test",
        two("train/", 6, names=("Disc", "Square")) | two("test/", 3),
        ("Disc", "Square"),
        (12, 0, 6),
        [
            "names that differ from a class of training by case alone are taken for it: 'disc' is"
            " 'Disc', 'square' is 'Square'"
        ],
    ),
    Case(
        "accents in two ways",
        two("train/", 6, names=("caf\u00e9", "th\u00e9"))
        | two("test/", 3, names=("cafe\u0301", "the\u0301")),
        ("caf\u00e9", "th\u00e9"),
        (12, 0, 6),
    ),
)
