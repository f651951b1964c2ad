"""Which columns of a table hold pictures, classes and domains, and their values as class numbers,
without decoding a picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import datasets
import numpy as np
from datasets import ClassLabel, Features, Value

from rft_core.errors import DataError
from rft_core.files.layout import split_of
from rft_core.files.layout.columns import (
    IS_TEST,
    IS_VALID,
    LABEL,
    NAMES,
    PATH,
    SPLIT,
    meant_by,
    plain,
    quoted_columns,
)
from rft_core.files.layout.table import row_split

IMAGE_NAMES = frozenset((*NAMES[PATH], "pixelvalues"))
# the names that the hub's own tools use: they are preferred
USUAL = ("image", "label")
DOMAIN = "domain"
# columns that are never the class
NOT_LABELS = (
    frozenset({DOMAIN, "coarselabel", "coarselabels"})
    | NAMES[SPLIT]
    | NAMES[IS_VALID]
    | NAMES[IS_TEST]
)
UNLABELLED = -1


@dataclass(frozen=True)
class Columns:
    """Names of the columns; `domain` is None if there is no such column. `notes` say which other
    columns could have been meant.
    """

    image: str
    label: str
    domain: str | None
    notes: tuple[str, ...] = ()


def find_columns(name: str, features: Features) -> Columns:
    """Return the columns of the dataset `name`: the image; the class, which is the column called
    label, class, category, target ... in any spelling, else the only ClassLabel, else the only
    column of numbers or text; and `domain`.

    Raises DataError with all columns if there is no such column, or more than one.
    """
    images = [column for column, kind in features.items() if isinstance(kind, datasets.Image)]
    labels = [
        column
        for column, kind in features.items()
        if _can_be_label(kind) and plain(column) not in NOT_LABELS
    ]
    named = [column for column in labels if plain(column) in NAMES[LABEL]]
    image = _chosen([column for column in images if plain(column) in IMAGE_NAMES] or images)
    label = _chosen(named) if named else _only(_class_labels(labels, features)) or _only(labels)
    if image is None:
        raise DataError(
            f"{name} has {len(images) or 'no'} image columns {_described(features)}; use a dataset"
            " with a single column of images"
        )
    if label is None:
        raise DataError(
            f"{name} has {'several columns that could be' if named else 'no column that is surely'}"
            f" the class {_described(features)}; a column named label, class, category or target"
            " would be used"
        )
    notes = [*_others(image, images, "the image"), *_others(label, named, "the class")]
    domain = next(
        (
            column
            for column in features
            if plain(column) == DOMAIN and _can_be_label(features[column])
        ),
        None,
    )
    return Columns(image, label, domain, tuple(notes))


@dataclass(frozen=True)
class RowSplits:
    """The split of each row by a column of the table: `kinds` (N,) text, '' for rows that are left
    out.
    """

    column: str
    kinds: np.ndarray

    def notes(self, rows: int) -> list[str]:
        """Return how the rows were divided, and how many are left out."""
        lines = [f"split by the column {self.column}"]
        if dropped := int((self.kinds == "").sum()):
            lines.append(
                f"{dropped:,} of {rows:,} rows were left out, their split is not train, validation"
                " or test"
            )
        return lines


def find_splits(name: str, data: datasets.Dataset) -> RowSplits | None:
    """Return the split of each row of a table that holds all splits, by a column such as split or
    is_valid; None without such a column.

    Raises DataError if two columns both define the splits.
    """
    header = list(data.features)
    found = {
        role: [header[index] for index in meant_by(header, role)]
        for role in (SPLIT, IS_VALID, IS_TEST)
    }
    values = {
        column: [_text(value) for value in name_all(data, column)]
        for columns in found.values()
        for column in columns
        if _can_be_label(data.features[column])
    }
    named = [
        column
        for column in found[SPLIT]
        if column in values and all(split_of(text) for text in set(values[column]))
    ]
    flags = {
        role: column for role in (IS_VALID, IS_TEST) for column in found[role] if column in values
    }
    if not named and not flags:
        return None
    columns = [*named, *flags.values()]
    if len(named) > 1 or (named and flags):
        raise DataError(
            f"{name} says in two ways which images are held out: {quoted_columns(columns)}; use a"
            " dataset with only one of these columns"
        )
    rows = zip(*(values[column] for column in columns))
    roles = [SPLIT] if named else list(flags)
    kinds = [row_split(dict(zip(roles, row)))[0] for row in rows]
    return RowSplits(quoted_columns(columns), np.array(kinds, dtype=object))


def name_all(data: datasets.Dataset, column: str) -> list:
    """Return the values of `column`, for a ClassLabel their names; None for an empty cell."""
    kind, values = data.features[column], read_values(data, column)
    return [
        value if value is None or not isinstance(kind, ClassLabel) else kind.int2str(int(value))
        for value in values
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _class_labels(columns: Sequence[str], features: Features) -> list[str]:
    return [column for column in columns if isinstance(features[column], ClassLabel)]


def _chosen(found: list[str]) -> str | None:
    """Return the only column, or among several the column with the usual name."""
    return _only(found) or _only([column for column in found if column in USUAL])


def _others(chosen: str, found: Sequence[str], meaning: str) -> list[str]:
    rest = [column for column in found if column != chosen]
    return (
        [f"the column '{chosen}' was taken for {meaning}, and not {quoted_columns(rest)}"]
        if rest
        else []
    )


def read_values(data: datasets.Dataset, column: str) -> np.ndarray:
    """Return the raw values of `column` (N,), numbers or text; an empty cell, or -1 of a
    ClassLabel, becomes None.
    """
    values = np.array(data.data.column(column).to_pylist(), dtype=object)
    if isinstance(data.features[column], ClassLabel):
        values[values == UNLABELLED] = None
    return values


def name_values(data: datasets.Dataset, column: str, values: list) -> tuple[str, ...]:
    """Return the names of `values` of `column`: those of its ClassLabel,
    else the values as text.
    """
    kind = data.features[column]
    return tuple(
        kind.int2str(int(value)) if isinstance(kind, ClassLabel) else str(value) for value in values
    )


def number(values: np.ndarray, names: list) -> np.ndarray:
    """Return the index of each of `values` in `names`, int64 (N,); -1 for values not in it."""
    index_of: Mapping = {value: index for index, value in enumerate(names)}
    return np.array([index_of.get(value, UNLABELLED) for value in values], dtype=np.int64)


def _can_be_label(kind: object) -> bool:
    return isinstance(kind, ClassLabel) or (
        isinstance(kind, Value)
        and ("int" in kind.dtype or kind.dtype in ("string", "large_string", "bool"))
    )


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None


def _described(features: Features) -> str:
    kinds = (
        f"{column} ({kind.dtype if isinstance(kind, Value) else type(kind).__name__})"
        for column, kind in features.items()
    )
    return f"(its columns: {', '.join(kinds)})"
