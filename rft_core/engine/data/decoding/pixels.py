"""A picture of any kind as pixels: upright, RGB, 8 bit, at the requested size."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageOps

from rft_core.engine.data.greys import Greys, Span, is_deep, limits_of, to_eight_bits
from rft_core.errors import DataError
from rft_core.files.images import check_pixels

LARGEST_16_BIT = 65_535


def to_pixels(
    picture: Image.Image, image_size: int, greys: Callable[[], Greys] = Greys
) -> np.ndarray:
    """Return the whole picture (3, S, S) uint8, turned upright by its EXIF entry and resized
    (bilinear, averaging when it shrinks).

    An animation gives its first frame. Transparent parts become white. Grey of more than 8 bits is
    scaled by the values of its dataset, which `greys` returns, or else by its own. Raises what
    Pillow raises for a damaged picture, and DataError for too many pixels or values that are not
    numbers.
    """
    check_pixels(picture)
    upright = to_rgb(_upright(picture), greys if is_deep(picture) else None)
    resized = upright.resize((image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(resized).transpose(2, 0, 1)


def to_rgb(picture: Image.Image, greys: Callable[[], Greys] | None = None) -> Image.Image:
    """Return `picture` in mode RGB, whatever its own mode; deep grey is scaled by `greys`, or taken
    as 16 bits if `greys` is None.
    """
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_eight_bit(np.asarray(picture), greys)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return picture.convert("RGB")


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    # a damaged EXIF block says nothing about the pixels; damaged pixels raise when converted
    except Exception:
        return picture


def _eight_bit(values: np.ndarray, greys: Callable[[], Greys] | None) -> np.ndarray:
    if not np.isfinite([values.min(), values.max()]).all():
        raise DataError("some of its values are not numbers")
    if greys is None:
        return to_eight_bits(values, limits_of(Span(0, LARGEST_16_BIT), is_integer=True))
    return to_eight_bits(values, greys().limits(values))
