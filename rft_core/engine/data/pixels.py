"""One picture of any kind as pixels: upright, RGB, 8 bit, the size asked for."""

import numpy as np
from PIL import Image, ImageOps

from rft_core.errors import DataError
from rft_core.image_files import check_pixels

LARGEST_16_BIT = 65_535


def to_pixels(picture: Image.Image, image_size: int) -> np.ndarray:
    """Return the whole picture (3, S, S) uint8, upright by its EXIF entry and resized (bilinear, averaging when it shrinks).

    Of an animation the first frame. What is transparent shows white. Deep grey is scaled to 8 bit, not clipped.
    Raises what Pillow raises when the picture is damaged, and DataError for too many pixels or values that are not numbers.
    """
    check_pixels(picture)
    upright = to_rgb(_upright(picture))
    resized = upright.resize((image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(resized).transpose(2, 0, 1)


def to_rgb(picture: Image.Image) -> Image.Image:
    """Return `picture` in mode RGB, whatever its own mode."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_eight_bit(np.asarray(picture))).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return picture.convert("RGB")


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    # a damaged EXIF block says nothing about the pixels; those that are damaged raise again when they are converted
    except Exception:
        return picture


def _eight_bit(values: np.ndarray) -> np.ndarray:
    """Return grey values (H, W) as uint8. Integers are taken as 16 bit and floats as 0..1 or 0..255, one factor for all, so that
    pictures keep their brightness beside each other; values outside those ranges are stretched from their least to their greatest."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise DataError("some of its values are not numbers")
    whole = np.issubdtype(values.dtype, np.integer)
    full = LARGEST_16_BIT if whole else 1.0 if high <= 1 else 255.0
    if low < 0 or high > full:
        return np.rint((values.astype(np.float32) - low) * (255 / (high - low))).astype(np.uint8)
    return np.rint(values.astype(np.float32) * (255 / full)).astype(np.uint8)
