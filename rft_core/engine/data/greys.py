"""Greys of more than 8 bits: which value is black and which is white, the same for all
pictures of a dataset.

A file of 16 bits a pixel often holds fewer: 12 from a scanner, 10 from a camera. Taken as 16 bits
they would be nearly black, so white is the largest number of the smallest usual depth (8, 10, 12,
14 or 16 bits) that holds the largest value of the whole dataset: 1,900 does not fit into 10 bits,
so the depth is 12 and white is 4,095. Scaling each picture by its own largest value would make a
dark picture as bright as any other.

Floats range from 0 to 1 if none is above 1; otherwise they are treated like whole numbers. Values
below 0 or above 16 bits have no agreed white: they are stretched from the least to the greatest
value of the dataset.
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
    """The values of deep greys, whole numbers and floats; None if a dataset has no such
    pictures.
    """

    integers: Span | None = None
    floats: Span | None = None

    def limits(self, values: np.ndarray) -> tuple[float, float]:
        """Return which value is black and which is white in a picture of `values`."""
        is_integer = np.issubdtype(values.dtype, np.integer)
        span = self.integers if is_integer else self.floats
        return limits_of(span or span_of(values), is_integer)

    def notes(self) -> list[str]:
        """Return for each kind a line that says how it was scaled."""
        kinds = ((self.integers, True, "grey"), (self.floats, False, "floating-point grey"))
        return [_note(span, is_integer, name) for span, is_integer, name in kinds if span]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, for the cache."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Greys":
        """Return what `as_dict` gave."""
        return cls(**{kind: Span(**span) for kind, span in document.items() if span})


def limits_of(span: Span, is_integer: bool) -> tuple[float, float]:
    """Return (black, white) for whole numbers or floats of the range `span`."""
    bits = depth_of(span.high)
    if span.low < 0 or bits is None:
        return span.low, span.high
    return 0.0, 1.0 if not is_integer and span.high <= 1 else float(2**bits - 1)


def depth_of(value: float) -> int | None:
    """Return the smallest usual depth in bits that holds numbers up to `value`; None beyond 16."""
    needed = ceil(max(0.0, value)).bit_length()
    return next((bits for bits in DEPTHS if bits >= needed), None)


def span_of(values: np.ndarray) -> Span:
    """Return the range of the values of one picture."""
    return Span(float(values.min()), float(values.max()))


def is_deep(picture: Image.Image) -> bool:
    """Return whether `picture` is a grey of more than 8 bits whose file does not say what is white;
    only the header is read.
    """
    # a PGM names its largest value, and Pillow has scaled it to 16 bits by that
    return picture.format != "PPM" and (picture.mode.startswith("I") or picture.mode == "F")


def is_deep_colour(picture: Image.Image) -> bool:
    """Return whether an opened `picture` has 16 bits a channel, of which Pillow only reads the
    upper 8.
    """
    tiles = getattr(picture, "tile", None) or [("", None, 0, "")]
    raw = str(tiles[0][3])
    return ";16" in raw and not picture.mode.startswith("I")


def colour_notes(largest: Sequence[int]) -> list[str]:
    """Return a line if deep colours are too dark to have 16 bits; `largest` is the greatest value
    (of 255) of each picture.
    """
    if not largest or max(largest) >= DARK:
        return []
    return [
        f"{len(largest):,} colour pictures of 16 bits a channel are nearly black: the upper 8 bits"
        f" of each are read, and the largest value there is {max(largest)} of 255, so they seem to"
        " hold fewer bits; save them with 8 bits a channel"
    ]


def to_eight_bits(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return grey `values` (H, W) as uint8, scaled so that `limits` are black and white."""
    low, high = limits
    scaled = (values.astype(np.float32) - low) * (255 / (high - low) if high > low else 0)
    return np.rint(scaled.clip(0, 255)).astype(np.uint8)


class GreyScale:
    """The greys of all pictures of `parts`, computed when the first deep grey is met; called from
    several threads.
    """

    def __init__(self, parts: Sequence[Pictures], notify: Callable[[str], None]):
        self.parts, self.notify, self.lock = parts, notify, threading.Lock()
        self.found: Greys | None = None

    def __call__(self) -> Greys:
        """Return the values of the whole dataset; pictures that cannot be read are ignored."""
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
                for is_integer, span in filter(None, pool.map(_reader(part), range(len(part)))):
                    spans[is_integer] = _joined(spans.get(is_integer), span)
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


def _joined(first: Span | None, second: Span) -> Span:
    if first is None:
        return second
    return Span(
        min(first.low, second.low), max(first.high, second.high), first.pictures + second.pictures
    )


def _note(span: Span, is_integer: bool, name: str) -> str:
    black, white = limits_of(span, is_integer)
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
