"""Greys of more than 8 bits: which value is black and which is white, the same for all
pictures of a dataset.

A file of 16 bits a pixel often holds fewer: 12 from a scanner, 10 from a camera. Taken as 16
they would be nearly black, so white is the largest number of the smallest usual depth (8, 10,
12, 14 or 16 bits) that holds the largest value of the whole dataset: 1,900 is not of 10 bits,
so of 12, and white is 4,095. The largest value of each picture would make a dark one as bright
as the one beside it.

Floats are 0 to 1 where none is above 1, else they are taken as whole numbers are. What is below 0
or needs more than 16 bits has no white that is agreed on: it is stretched from the least to the
greatest value of the dataset.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np
from PIL import Image

from rft_core.engine.data.listing import Pictures
from rft_core.files.images import check_pixels

# what scanners, cameras and X-ray detectors give
DEPTHS = (8, 10, 12, 14, 16)
MOST_THREADS = 8
# of 255: pictures of 14 bits, taken as 16, are below it
DARK = 64


@dataclass(frozen=True)
class Span:
    """The least and the greatest value found, and in how many pictures."""

    low: float
    high: float
    pictures: int = 1


@dataclass(frozen=True)
class Greys:
    """The values of deep greys: of whole numbers and of floats; None where a dataset
    has no such pictures.
    """

    integers: Span | None = None
    floats: Span | None = None

    def limits(self, values: np.ndarray) -> tuple[float, float]:
        """Return which value is black and which is white in a picture of `values`."""
        whole = np.issubdtype(values.dtype, np.integer)
        span = self.integers if whole else self.floats
        return limits_of(span or span_of(values), whole)

    def notes(self) -> list[str]:
        """Return a line on how each kind was scaled."""
        kinds = ((self.integers, True, "grey"), (self.floats, False, "floating-point grey"))
        return [_note(span, whole, name) for span, whole, name in kinds if span]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, for the cache."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Greys":
        """Return what `as_dict` gave."""
        return cls(**{kind: Span(**span) for kind, span in document.items() if span})


def limits_of(span: Span, whole: bool) -> tuple[float, float]:
    """Return (black, white) for whole numbers or floats of the range `span`."""
    bits = depth_of(span.high)
    if span.low < 0 or bits is None:
        return span.low, span.high
    return 0.0, 1.0 if not whole and span.high <= 1 else float(2**bits - 1)


def depth_of(value: float) -> int | None:
    """Return the smallest usual depth in bits that holds numbers up to `value`; None beyond 16."""
    needed = ceil(max(0.0, value)).bit_length()
    return next((bits for bits in DEPTHS if bits >= needed), None)


def span_of(values: np.ndarray) -> Span:
    """Return the range of the values of one picture."""
    return Span(float(values.min()), float(values.max()))


def is_deep(picture: Image.Image) -> bool:
    """Return whether `picture` is a grey of more than 8 bits whose white its file does not name,
    by its header alone.
    """
    # a PGM names its largest value, and Pillow has scaled it to 16 bits by that
    return picture.format != "PPM" and (picture.mode.startswith("I") or picture.mode == "F")


def is_deep_colour(picture: Image.Image) -> bool:
    """Return whether an opened `picture` has 16 bits a channel, of which Pillow
    reads the upper 8 alone.
    """
    tiles = getattr(picture, "tile", None) or [("", None, 0, "")]
    raw = str(tiles[0][3])
    return ";16" in raw and not picture.mode.startswith("I")


def colour_notes(largest: Sequence[int]) -> list[str]:
    """Return a line where deep colours are too dark to be of 16 bits; `largest` is the greatest
    value (of 255) of each.
    """
    if not largest or max(largest) >= DARK:
        return []
    return [
        f"{len(largest):,} colour pictures of 16 bits a channel are nearly black: the upper 8 bits"
        f" of each are read, and the largest value there is {max(largest)} of 255, so they seem to"
        " hold fewer bits; save them with 8 bits a channel"
    ]


def to_eight_bits(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return grey `values` (H, W) as uint8, black and white as `limits` say."""
    low, high = limits
    scaled = (values.astype(np.float32) - low) * (255 / (high - low) if high > low else 0)
    return np.rint(scaled.clip(0, 255)).astype(np.uint8)


class GreyScale:
    """The greys of all pictures of `parts`, looked for when the first deep one is met; called
    from several threads.
    """

    def __init__(self, parts: Sequence[Pictures], notify: Callable[[str], None]):
        self.parts, self.notify, self.lock = parts, notify, threading.Lock()
        self.found: Greys | None = None

    def __call__(self) -> Greys:
        """Return the values of the whole dataset. Pictures that cannot be read say nothing."""
        with self.lock:
            if self.found is None:
                self.notify(
                    "greys of more than 8 bits: looking for the largest value in all pictures"
                )
                self.found = self._look()
            return self.found

    def _look(self) -> Greys:
        spans: dict[bool, Span] = {}
        with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
            for part in self.parts:
                for whole, span in filter(None, pool.map(_reader(part), range(len(part)))):
                    spans[whole] = _joined(spans.get(whole), span)
        return Greys(spans.get(True), spans.get(False))


def _reader(part: Pictures) -> Callable[[int], tuple[bool, Span] | None]:
    def read(index: int) -> tuple[bool, Span] | None:
        try:
            with part.read(index) as picture:
                if not is_deep(picture):
                    return None
                check_pixels(picture)
                values = np.asarray(picture)
        # it is counted and named as unreadable when it is decoded
        except Exception:
            return None
        span = span_of(values)
        return (
            (np.issubdtype(values.dtype, np.integer), span)
            if np.isfinite([span.low, span.high]).all()
            else None
        )

    return read


def _joined(one: Span | None, two: Span) -> Span:
    if one is None:
        return two
    return Span(min(one.low, two.low), max(one.high, two.high), one.pictures + two.pictures)


def _note(span: Span, whole: bool, name: str) -> str:
    black, white = limits_of(span, whole)
    found = (
        f"{span.pictures:,} {name} pictures of more than 8 bits: the values found are"
        f" {_value(span.low)} to {_value(span.high)}"
    )
    if span.low < 0 or depth_of(span.high) is None:
        return f"{found}; all were stretched by that range"
    bits = f" ({depth_of(white)} bits)" if white > 1 else ""
    return f"{found}; in all of them {_value(black)} is black and {_value(white)}{bits} is white"


def _value(number: float) -> str:
    return f"{number:,.0f}" if number == round(number) else f"{number:,.4g}"
