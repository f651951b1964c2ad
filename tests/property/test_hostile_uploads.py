"""Hundreds of hostile archives and pictures: a user's error at worst, nothing outside the
upload, nothing half done.

Every case is drawn from its own seed, so that one that fails can be run alone.
"""

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.sources import folder
from rft_core.errors import UserError
from rft_core.files.home import Home
from rft_core.files.uploads import RECORD, Limits, Upload, remove_upload, unpack
from tests.zips import good, info, packed, png

ARCHIVES, BATCHES, PICTURES_A_BATCH = 400, 12, 40
LIMITS = Limits(files=40, file_bytes=200_000, total_bytes=1_500_000, slack_bytes=500_000)
MODES = (
    "1",
    "L",
    "LA",
    "P",
    "RGB",
    "RGBA",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "I;16",
    "F",
    "PA",
    "La",
    "RGBa",
    "RGBX",
)
KINDS = ("PNG", "GIF", "BMP", "TIFF", "JPEG", "WEBP", "PPM")
EVIL_PARTS = (
    "..",
    ".",
    "",
    "~",
    "C:",
    "con",
    "nul.png",
    " ",
    "a.",
    "x" * 170,
    "é",
    "e\u0301",
    "\u202e",
    "\x00",
    "\n",
    "\ud800",
    "..\\..",
    "\\\\srv",
    "__MACOSX",
    ".git",
    "cat",
    "CAT",
)
KINDS_OF_FILE = (
    0,
    stat.S_IFREG | 0o777,
    stat.S_IFLNK | 0o777,
    stat.S_IFIFO,
    stat.S_IFCHR,
    stat.S_IFDIR | 0o755,
    0o170000,
)


def evil_name(dice: random.Random) -> str:
    parts = [dice.choice((*EVIL_PARTS, "cat", "dog")) for _ in range(dice.randint(1, 4))]
    return dice.choice(("", "/", "../")) + "/".join(
        [*parts, dice.choice(("0.png", "evil.png", "x.jpg", "evil.zip", "evil.py", "evil.png/"))]
    )


def evil_content(dice: random.Random) -> bytes:
    choices = (
        lambda: png(dice.randrange(256)),
        lambda: mutated(png(dice.randrange(256)), dice),
        lambda: bytes(dice.choice((0, 1, 1000, 300_000))),
        lambda: packed(good(count=1)),
        lambda: b"/etc/passwd",
        lambda: dice.randbytes(200),
        lambda: picture(dice),
    )
    return dice.choice(choices)()


def evil_zip(dice: random.Random) -> bytes:
    """Good pictures among members with odd names, kinds, methods and contents; then the bytes
    themselves are changed.
    """
    members: list[tuple[Any, bytes]] = [*good(dice.choice(("", "photos/")), count=2)]
    for _ in range(dice.randint(0, 8)):
        method = dice.choice(
            (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
        )
        # what zipfile cannot write as text, it cannot read as text either
        name = evil_name(dice).encode(errors="replace").decode()
        members.append(
            (info(name, mode=dice.choice(KINDS_OF_FILE), method=method), evil_content(dice))
        )
    dice.shuffle(members)
    content = packed(members)
    return dice.choice(
        (lambda: content, lambda: mutated(content, dice), lambda: lying(content, dice))
    )()


def mutated(content: bytes, dice: random.Random) -> bytes:
    """Change a few bytes, cut, double or drop a piece."""
    changed = bytearray(content)
    for _ in range(dice.randint(0, 6)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    start = dice.randrange(len(changed))
    return bytes(
        dice.choice(
            (
                changed,
                changed[:start],
                changed[start:],
                changed + changed[:start],
                changed[:start] + changed[start + 20 :],
            )
        )
    )


def lying(content: bytes, dice: random.Random) -> bytes:
    """Change numbers of the directory: flags, method, checksum, sizes,
    lengths, attributes, offset.
    """
    changed, place = bytearray(content), content.find(b"PK\x01\x02")
    while place >= 0:
        if dice.random() < 0.5:
            offset, kind = dice.choice(
                (
                    (8, "<H"),
                    (10, "<H"),
                    (16, "<L"),
                    (20, "<L"),
                    (24, "<L"),
                    (28, "<H"),
                    (30, "<H"),
                    (38, "<L"),
                    (42, "<L"),
                )
            )
            struct.pack_into(
                kind,
                changed,
                place + offset,
                dice.choice((0, 1, 99, 0xFFFF, dice.randrange(0xFFFF))),
            )
        place = content.find(b"PK\x01\x02", place + 4)
    return bytes(changed)


def picture(dice: random.Random) -> bytes:
    """A picture of any mode, shape and kind, as far as its kind can hold it."""
    size, mode = (dice.choice((1, 2, 7, 60)), dice.choice((1, 3, 50))), dice.choice(MODES)
    content = io.BytesIO()
    # no two alike, else there is nothing to hold out
    noise = Image.frombytes("RGB", size, dice.randbytes(3 * size[0] * size[1]))
    try:
        in_mode(noise, mode).save(content, dice.choice(KINDS))
    except (OSError, KeyError, ValueError):
        noise.convert("L").save(content, "PNG")
    return content.getvalue()


def in_mode(noise: Image.Image, mode: str) -> Image.Image:
    """Convert by way of the mode that leads to `mode`."""
    by = {"La": "LA", "RGBa": "RGBA", "I;16": "I", "PA": "RGBA", "LAB": "RGB"}.get(mode, "RGB")
    try:
        return noise.convert(by).convert(mode)
    except ValueError:
        return Image.new(mode, noise.size, 1)


def outside(home: Home, upload: Upload | None) -> list[Path]:
    """Every file or link below the home's parent that is neither in the upload, nor decoded, nor
    the lock of uploads.
    """
    allowed = [home.decoded, home.root / "uploads.lock", *([upload.folder] if upload else [])]
    found = [path for path in home.root.parent.rglob("*") if path.is_symlink() or not path.is_dir()]
    return [path for path in found if not any(path.is_relative_to(place) for place in allowed)]


def attempt(action: Callable, *arguments) -> tuple[Any, str]:
    """Return the result, or None and a user's error; anything else is a crash."""
    try:
        return action(*arguments), ""
    except UserError as error:
        return None, str(error)


def load(path: Path) -> int:
    data = folder.load(str(path), Request(image_size=8))
    return len(data.train) + len(data.validation) + len(data.test)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", range(10))
def test_hostile_archives(home, block):
    outcomes = []
    for seed in range(block, ARCHIVES, 10):
        content = evil_zip(random.Random(seed))
        upload, error = attempt(unpack, io.BytesIO(content), f"photos-{seed}.zip", home, LIMITS)
        outcomes.append(upload is not None)
        assert outside(home, upload) == [], seed
        assert list(home.uploads.glob("*")) == ([upload.folder] if upload else []), seed
        if upload is None:
            assert error.isprintable(), seed
            continue
        kept = [path for path in upload.folder.rglob("*") if path.is_file() and path.name != RECORD]
        assert len(kept) == upload.kept > 0, seed
        assert all(stat.S_ISREG(path.lstat().st_mode) for path in kept), seed
        assert all(line.isprintable() for line in upload.skipped), seed
        assert unpack(io.BytesIO(content), "again.zip", home, LIMITS) == upload, seed
        count, error = attempt(load, upload.folder)
        assert count or error, seed
        remove_upload(home, upload.folder.name)
    # both ends are reached, or the archives are all of one kind
    assert set(outcomes) == {True, False}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_hostile_pictures(home, tmp_path, batch):
    """Of a folder of damaged pictures among good ones, the good ones are loaded and
    the rest is counted.
    """
    dice = random.Random(1000 + batch)
    for index in range(PICTURES_A_BATCH):
        path = (
            tmp_path
            / "pets"
            / ("cat", "dog")[index % 2]
            / f"{index}.{dice.choice(('png', 'jpg', 'gif', 'tif'))}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        content = picture(dice)
        path.write_bytes(content if index < 12 else mutated(content, dice))
    data = folder.load(str(tmp_path / "pets"), Request(image_size=8))
    lost = [int(note.split()[0]) for note in data.notes if "could not be read" in note]
    assert len(data.train) + len(data.validation) + len(data.test) + sum(lost) == PICTURES_A_BATCH
    assert sum(lost) > 0
    assert [path.name for path in home.datasets.iterdir()] == ["decoded"]
    assert not list(home.decoded.glob(".*"))
