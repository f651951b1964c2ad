"""Zips made for tests, also ones that no program would write."""

import io
import zipfile

import numpy as np
from PIL import Image


def png(shade: int = 0, size: tuple[int, int] = (6, 5), kind: str = "PNG") -> bytes:
    """A small picture of one shade."""
    content = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0], 3), shade % 256, np.uint8)).save(content, kind)
    return content.getvalue()


def info(name: str, *, mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """A member's entry; `mode` are the Unix file type and permissions."""
    member = zipfile.ZipInfo("placeholder")
    # the constructor would change separators and cut at a zero byte
    member.filename = name
    member.external_attr, member.compress_type = mode << 16, method
    return member


def packed(members) -> bytes:
    """A zip of (name or ZipInfo, content) pairs, in order."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members:
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else info(name), data)
    return content.getvalue()


def good(prefix: str = "photos/", count: int = 3) -> list[tuple[str, bytes]]:
    """Pictures of two classes."""
    return [
        (f"{prefix}{label}/{index}.png", png(shade + index))
        for shade, label in ((10, "cat"), (200, "dog"))
        for index in range(count)
    ]
