"""A dataset of the hub as a listing: splits found by their usual names, classes renumbered without
gaps, domains kept separate.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import datasets
import numpy as np
from PIL import Image

from rft_core.engine.data.listing import Listing, Pictures
from rft_core.engine.data.reading.columns import (
    Columns,
    find_columns,
    find_splits,
    name_values,
    number,
    read_values,
)
from rft_core.errors import DataError, UnknownNameError
from rft_core.files.images import open_image
from rft_core.files.layout import match_classes, split_of

KINDS = ("train", "validation", "test")
NAMED = 3


@dataclass(frozen=True)
class _Part:
    """Rows of a table: their indices, class numbers and domain numbers (0 without domains)."""

    table: datasets.Dataset
    rows: np.ndarray
    labels: np.ndarray
    domains: np.ndarray

    def where(self, chosen: np.ndarray) -> "_Part":
        return replace(
            self, rows=self.rows[chosen], labels=self.labels[chosen], domains=self.domains[chosen]
        )

    def __len__(self) -> int:
        return len(self.rows)


def list_tables(
    name: str, tables: Mapping[str, datasets.Dataset], domains: tuple[str, ...] = ()
) -> Listing:
    """Return the pictures of `tables` (split name -> table) as the dataset `name`, without decoding
    any.

    With a column `domain`, train, validation and test only come from `domains` (if empty, from the
    first); the test pictures of every other domain, or all its pictures if there is no test split,
    are in `others`. Raises DataError for unclear splits or columns, and for `domains` of a dataset
    that has none; UnknownNameError for an unknown domain.
    """
    named, unused = _name_splits(name, tables)
    columns = find_columns(name, named["train"].features)
    if domains and not columns.domain:
        raise DataError(f"{name} has no column 'domain'; leave data.domains empty")
    domain_names, wanted = _choose_domains(named, columns, domains)
    raw = {kind: read_values(table, columns.label) for kind, table in named.items()}
    parts = {
        kind: _part(table, columns, domain_names, len(raw[kind])) for kind, table in named.items()
    }
    parts, raw, split_notes = _split_by_column(name, parts, raw)
    parts, class_names, notes = _number_classes(name, parts, raw, columns, wanted)
    parts, more = _require_test(parts)
    inside = {kind: part.where(np.isin(part.domains, wanted)) for kind, part in parts.items()}
    measured = parts.get("test", parts["train"])
    others = {
        domain: measured.where(measured.domains == index)
        for index, domain in enumerate(domain_names)
        if index not in wanted
    }
    pictures = {
        kind: _pictures(f"{kind} ", part, columns) for kind, part in inside.items() if len(part)
    }
    return Listing(
        name=name,
        class_names=class_names,
        fingerprint=_fingerprint(parts, class_names),
        notes=(*unused, *columns.notes, *split_notes, *notes, *more),
        domains=tuple(domain_names[index] for index in wanted) if columns.domain else (),
        others={
            domain: _pictures(f"{domain} ", part, columns)
            for domain, part in others.items()
            if len(part)
        },
        train=pictures["train"],
        validation=pictures.get("validation"),
        test=pictures.get("test"),
    )


def _name_splits(
    name: str, tables: Mapping[str, datasets.Dataset]
) -> tuple[dict[str, datasets.Dataset], list[str]]:
    """Return the tables whose names mean train, validation and test, and a line about the other
    tables.
    """
    chosen: dict[str, str] = {}
    # the plain name is preferred
    for split in sorted(tables, key=lambda split: split.casefold() not in KINDS):
        kind = split_of(split)
        if kind in KINDS:
            chosen.setdefault(kind, split)
    if not chosen and len(tables) == 1:
        chosen["train"] = next(iter(tables))
    if "train" not in chosen:
        raise DataError(
            f"{name} has no split named train (its splits: {', '.join(tables)}); use a dataset with"
            " such a split, or with a single split"
        )
    unused = [
        f"{split} ({len(table):,} rows)"
        for split, table in tables.items()
        if split not in chosen.values()
    ]
    notes = (
        [
            f"{len(unused):,} splits were left out, not for training or measuring by their names:"
            f" {', '.join(unused)}"
        ]
        if unused
        else []
    )
    return {kind: tables[chosen[kind]] for kind in KINDS if kind in chosen}, notes


def _choose_domains(
    named: dict[str, datasets.Dataset], columns: Columns, domains: tuple[str, ...]
) -> tuple[tuple[str, ...], list[int]]:
    """Return the names of all domains, and the numbers of those to train on."""
    if columns.domain is None:
        return ("",), [0]
    values = _known(
        np.concatenate([read_values(table, columns.domain) for table in named.values()])
    )
    names = name_values(named["train"], columns.domain, values)
    for domain in domains:
        if domain not in names:
            raise UnknownNameError("domain", domain, list(names))
    return names, [names.index(domain) for domain in dict.fromkeys(domains)] or [0]


def _known(values: np.ndarray) -> list:
    return sorted({value for value in values if value is not None})


def _part(
    table: datasets.Dataset, columns: Columns, domain_names: tuple[str, ...], count: int
) -> _Part:
    domain_numbers = np.zeros(count, dtype=np.int64)
    if columns.domain:
        raw = read_values(table, columns.domain)
        texts = dict(zip(_known(raw), name_values(table, columns.domain, _known(raw))))
        domain_numbers = number(
            np.array([texts.get(value) for value in raw], dtype=object), list(domain_names)
        )
    return _Part(table, np.arange(count), np.zeros(count, dtype=np.int64), domain_numbers)


def _split_by_column(
    name: str, parts: dict[str, _Part], raw: dict[str, np.ndarray]
) -> tuple[dict[str, _Part], dict[str, np.ndarray], list[str]]:
    """Return parts and labels divided by the column that names the split of each row, if there is
    only one table.
    """
    table = parts["train"].table
    if len(parts) > 1 or (found := find_splits(name, table)) is None:
        return parts, raw, []
    chosen = {kind: np.flatnonzero(found.kinds == kind) for kind in KINDS}
    chosen = {kind: rows for kind, rows in chosen.items() if len(rows)}
    if "train" not in chosen:
        raise DataError(f"{name} has no row for training by its column {found.column}")
    divided = {kind: parts["train"].where(rows) for kind, rows in chosen.items()}
    return (
        divided,
        {kind: raw["train"][rows] for kind, rows in chosen.items()},
        found.notes(len(table)),
    )


def _number_classes(
    name: str,
    parts: dict[str, _Part],
    raw: dict[str, np.ndarray],
    columns: Columns,
    wanted: list[int],
):
    """Return the parts with class numbers 0, 1, ... for the classes of the training split, the
    names of the classes, and notes on what was left out.
    """
    table = parts["train"].table
    values = _known(raw["train"][np.isin(parts["train"].domains, wanted)])
    if not values:
        raise DataError(
            f"{name} has no labelled training image in the column '{columns.label}'; choose another"
            " dataset or domain"
        )
    class_names, notes = name_values(table, columns.label, values), []
    all_names = getattr(table.features[columns.label], "names", class_names)
    if absent := [class_name for class_name in all_names if class_name not in class_names]:
        notes.append(
            f"{len(absent)} of {len(all_names)} classes have no training image and are left out:"
            f" {', '.join(absent[:NAMED])}" + " ..." * (len(absent) > NAMED)
        )
    elif isinstance(values[0], int) and values != list(range(len(values))):
        notes.append(
            f"class numbers from {values[0]} to {values[-1]} were renumbered 0 to {len(values) - 1}"
        )
    numbered = {}
    for kind, part in parts.items():
        spelled = _as_in_training(raw[kind], values)
        labels = number(spelled, values)
        if odd := sorted(
            {
                f"'{old}' is '{new}'"
                for old, new in zip(raw[kind], spelled)
                if old is not new and old != new
            }
        ):
            notes.append(
                f"{kind} labels that differ from training's by case or accents alone are taken for"
                f" them: {', '.join(odd[:NAMED])}"
            )
        if strangers := int((labels < 0).sum()):
            notes.append(
                f"{strangers:,} {kind} images have no label, or a label without a training image,"
                " and are left out"
            )
        numbered[kind] = replace(part, labels=labels).where((labels >= 0) & (part.domains >= 0))
    return {kind: part for kind, part in numbered.items() if len(part)}, class_names, notes


def _as_in_training(raw: np.ndarray, values: list) -> np.ndarray:
    """Return the labels of a split as training spells them, if they are text: accents and case may
    differ.
    """
    texts = [value for value in values if isinstance(value, str)]
    found = match_classes({value for value in raw if isinstance(value, str)}, texts)
    return np.array([found.get(value, value) for value in raw], dtype=object) if found else raw


def _require_test(parts: dict[str, _Part]) -> tuple[dict[str, _Part], list[str]]:
    """Measure on the validation split if test is missing or unlabelled: that is how published
    results on such datasets are measured.
    """
    if "test" in parts or "validation" not in parts:
        return parts, []
    return {"train": parts["train"], "test": parts["validation"]}, [
        "no labelled test split: the validation split is the test split"
    ]


def _pictures(prefix: str, part: _Part, columns: Columns) -> Pictures:
    table = part.table.select_columns([columns.image]).cast_column(
        columns.image, datasets.Image(decode=False)
    )
    rows = part.rows

    def read(index: int) -> Image.Image:
        cell = table[int(rows[index])][columns.image]
        if cell is None:
            raise DataError("the cell is empty")
        return open_image(io.BytesIO(cell["bytes"]) if cell["bytes"] is not None else cell["path"])

    return Pictures(part.labels, [f"{prefix}image {row}" for row in rows], read)


def _fingerprint(parts: dict[str, _Part], class_names: tuple[str, ...]) -> str:
    """Hash the tables' files (the folder of each is named after the version on the hub), and the
    class and domain of every row.
    """
    content = hashlib.sha256(repr(class_names).encode())
    for kind, part in parts.items():
        files = [Path(file["filename"]) for file in part.table.cache_files]
        content.update(
            repr(
                [
                    kind,
                    [
                        (file.parts[-3:], file.stat().st_size, file.stat().st_mtime_ns)
                        for file in files
                    ],
                ]
            ).encode()
        )
        for column in (part.rows, part.labels, part.domains):
            content.update(column.tobytes())
    return content.hexdigest()
