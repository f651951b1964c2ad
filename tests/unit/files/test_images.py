"""rft_core.files.images: which files count as images follows from what Pillow reads here."""

import io

import pytest
from PIL import Image

from rft_core.errors import DataError
from rft_core.files.images import FORMATS, image_suffixes, is_image_name, open_image

# what a sensible picture of each format is written as
WRITTEN = [
    name for name in FORMATS if name in (Image.init(), Image.SAVE)[1] and name not in ("SUN", "XBM")
]


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg",
        "a.JPEG",
        "a.jfif",
        "a.jpe",
        "a.png",
        "a.webp",
        "a.avif",
        "a.jp2",
        "a.tif",
        "a.bmp",
        "a.gif",
        "a.pbm",
        "a.mpo",
    ],
)
def test_suffixes_that_count(name):
    assert is_image_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "a.svg",
        "a.heic",
        "a.txt",
        "a.pdf",
        "a.eps",
        "a.ps",
        "a.wmf",
        "a",
        "jpg",
        "a.jpg.zip",
        "a.mp4",
    ],
)
def test_suffixes_that_do_not(name):
    assert not is_image_name(name)


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_format_that_counts_is_opened(kind):
    content = io.BytesIO()
    Image.new("RGB", (9, 7), (200, 10, 10)).save(content, kind)
    content.seek(0)
    with open_image(content) as picture:
        assert picture.size == (9, 7)
        assert sum(picture.convert("RGB").getpixel((4, 3))) in range(180, 260)
    assert any(Image.registered_extensions()[suffix] == kind for suffix in image_suffixes())


def test_no_parser_that_starts_a_program():
    assert not {"EPS", "WMF", "PDF"} & set(FORMATS)
    with pytest.raises(DataError, match="its content is not an image"):
        open_image(io.BytesIO(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"))
