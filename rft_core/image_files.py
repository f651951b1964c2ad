"""Image files: which count, and how one is opened without trusting it."""

from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from rft_core.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
# the only parsers that a file may reach: Pillow's others include PostScript, which starts a program of its own
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
MAX_PIXELS = 100_000_000


def is_image_name(name: str) -> bool:
    """Return whether the file name `name` (no folders) has the suffix of an image."""
    return name.lower().endswith(SUFFIXES)


def open_image(source: str | Path | BinaryIO) -> Image.Image:
    """Return the picture at `source`, opened by its header and not decoded yet; its content decides, not its suffix.

    Raises DataError for what is no image and for more than MAX_PIXELS pixels, and whatever Pillow raises for a damaged header.
    """
    try:
        picture = Image.open(source, formats=FORMATS)
    except UnidentifiedImageError:
        raise DataError(f"its content is no image ({', '.join(FORMATS)})") from None
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
        raise DataError(f"{picture.width:,} x {picture.height:,} pixels are more than {MAX_PIXELS:,}")
