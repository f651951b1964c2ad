"""Image files: which count, and how one is opened without trusting it."""

from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from rft_core.errors import DataError

# the only parsers that a file may reach: they know a file by its first bytes, and decode no more
# than it holds; Pillow's others include PostScript, which starts a program of its own
FORMATS = (
    *(
        "JPEG",
        "PNG",
        "BMP",
        "GIF",
        "WEBP",
        "TIFF",
        "PPM",
        "AVIF",
        "JPEG2000",
        "DIB",
        "PCX",
        "QOI",
        "SGI",
        "SUN",
    ),
    "XBM",
)
# what the parser of JPEG makes of a file with several pictures
ALSO_READ = ("MPO",)
MAX_PIXELS = 100_000_000


@cache
def image_suffixes() -> tuple[str, ...]:
    """Return every suffix that Pillow, as it is built here, gives to one of FORMATS: ".jpg",
    ".jfif", ".avif" ...
    """
    formats = Image.registered_extensions()
    return tuple(
        sorted(suffix for suffix, name in formats.items() if name in (*FORMATS, *ALSO_READ))
    )


def is_image_name(name: str) -> bool:
    """Return whether the file name `name` (no folders) has the suffix of an
    image that is read here.
    """
    return name.lower().endswith(image_suffixes())


def open_image(source: str | Path | BinaryIO) -> Image.Image:
    """Return the picture at `source`, opened by its header and not decoded yet; its content
    decides, not its suffix.

    Raises DataError for anything that is not an image and for more than MAX_PIXELS pixels, and
    whatever Pillow raises for a damaged header.
    """
    try:
        picture = Image.open(source, formats=FORMATS)
    except UnidentifiedImageError:
        raise DataError(f"its content is not an image ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise DataError(f"it has more than {MAX_PIXELS:,} pixels") from None
    try:
        check_pixels(picture)
    except DataError:
        picture.close()
        raise
    return picture


def check_pixels(picture: Image.Image) -> None:
    """Raise DataError for more than MAX_PIXELS pixels; nothing is decoded for that."""
    if picture.width * picture.height > MAX_PIXELS:
        raise DataError(
            f"{picture.width:,} x {picture.height:,} pixels are more than {MAX_PIXELS:,}"
        )
