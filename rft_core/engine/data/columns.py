"""Which columns of a table hold pictures, classes and domains, and their values as class numbers, without decoding a picture."""

from collections.abc import Mapping
from dataclasses import dataclass

import datasets
import numpy as np
from datasets import ClassLabel, Features, Value

from rft_core.errors import DataError

IMAGE_NAMES = ("image", "img", "picture", "pixel_values")
LABEL_NAMES = ("label", "labels", "class", "fine_label")
DOMAIN = "domain"
# never what an image is to be told by
NOT_LABELS = (DOMAIN, "coarse_label")
UNLABELLED = -1


@dataclass(frozen=True)
class Columns:
    """Names of the columns; `domain` is None where there is none."""

    image: str
    label: str
    domain: str | None


def find_columns(name: str, features: Features) -> Columns:
    """Return the columns of the dataset `name`: the Image; label, labels, class or fine_label, else the only ClassLabel, else
    the only column of numbers or text; and `domain`.

    Raises DataError with all columns when there is no such column, or more than one.
    """
    images = [column for column, kind in features.items() if isinstance(kind, datasets.Image)]
    labels = [column for column, kind in features.items() if _can_be_label(kind) and column not in NOT_LABELS]
    image = _first(IMAGE_NAMES, images) or _only(images)
    label = _first(LABEL_NAMES, labels) or _only([one for one in labels if isinstance(features[one], ClassLabel)]) or _only(labels)
    if image is None:
        raise DataError(f"{name} has {len(images) or 'no'} image columns {_described(features)}; a dataset with one column of images can be used")
    if label is None:
        raise DataError(f"{name} has no column that is surely the class {_described(features)}; one named {', '.join(LABEL_NAMES)} would be taken")
    return Columns(image, label, DOMAIN if DOMAIN in features and _can_be_label(features[DOMAIN]) else None)


def read_values(data: datasets.Dataset, column: str) -> np.ndarray:
    """Return the raw values of `column` (N,), numbers or text; an empty cell, or -1 of a ClassLabel, becomes None."""
    values = np.array(data.data.column(column).to_pylist(), dtype=object)
    if isinstance(data.features[column], ClassLabel):
        values[values == UNLABELLED] = None
    return values


def name_values(data: datasets.Dataset, column: str, values: list) -> tuple[str, ...]:
    """Return the names of `values` of `column`: those of its ClassLabel, else the values as text."""
    kind = data.features[column]
    return tuple(kind.int2str(int(value)) if isinstance(kind, ClassLabel) else str(value) for value in values)


def number(values: np.ndarray, known: list) -> np.ndarray:
    """Return the place of each of `values` in `known`, int64 (N,); -1 where it is not in it."""
    places: Mapping = {value: place for place, value in enumerate(known)}
    return np.array([places.get(value, UNLABELLED) for value in values], dtype=np.int64)


def _can_be_label(kind: object) -> bool:
    return isinstance(kind, ClassLabel) or (isinstance(kind, Value) and ("int" in kind.dtype or kind.dtype in ("string", "large_string", "bool")))


def _first(wanted: tuple[str, ...], found: list[str]) -> str | None:
    return next((name for name in wanted if name in found), None)


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None


def _described(features: Features) -> str:
    kinds = (f"{column} ({kind.dtype if isinstance(kind, Value) else type(kind).__name__})" for column, kind in features.items())
    return f"(its columns: {', '.join(kinds)})"
