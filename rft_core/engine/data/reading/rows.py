"""From rows of a table (path, class, split, domain) to a listing: shared by folders and CSV
tables.
"""

import hashlib
import os
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from rft_core.engine.data.listing import Listing, Pictures
from rft_core.errors import DataError, UnknownNameError
from rft_core.files.images import open_image
from rft_core.files.layout import LeftOut, settle_classes

NAMED = 3


class Row(NamedTuple):
    """A picture: its file, its name in messages, its class, its split (train, validation or test),
    its domain ('' for none) and its stamp, which changes when the file does.
    """

    path: str
    name: str
    label: str
    split: str
    domain: str
    stamp: str


def stamp_of(status: os.stat_result) -> str:
    """Return a text that changes when the file does.

    It includes the time of the last status change, which unpacking an archive cannot set.
    """
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def some(names: Sequence[str]) -> str:
    """Return the first few of `names`, for a message."""
    return "; ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")


def list_rows(
    name: str,
    rows: Sequence[Row],
    domains: Sequence[str],
    notes: Sequence[str],
    left_out: Sequence[LeftOut] = (),
) -> Listing:
    """Return the listing of `rows`, in their order. `domains` are the domains to train on; empty if
    the rows have none.

    Raises UnknownNameError for a domain that no row has, and DataError for rows that do not make a
    dataset: no training image, a validation or test class that training lacks, or domains of which
    only some are split.
    """
    all_domains = dict.fromkeys(row.domain for row in rows)
    for wanted in domains:
        if wanted not in all_domains:
            raise UnknownNameError("domain", wanted, list(all_domains))
    rows, spellings = settle_classes(name, rows, domains)
    own = [row for row in rows if not domains or row.domain in domains]
    splits = {
        kind: [row for row in own if row.split == kind] for kind in ("train", "validation", "test")
    }
    if not splits["train"]:
        raise DataError(f"{name} has no training images; put them into the split train")
    _check_layout(name, splits, domains)
    classes = tuple(sorted({row.label for row in splits["train"]}))
    others, not_measured = _others(
        rows, [domain for domain in all_domains if domains and domain not in domains], set(classes)
    )
    return Listing(
        name=name,
        class_names=classes,
        fingerprint=_fingerprint(rows),
        train=_pictures(splits["train"], classes),
        validation=_pictures(splits["validation"], classes) if splits["validation"] else None,
        test=_pictures(splits["test"], classes) if splits["test"] else None,
        notes=(*notes, *spellings, *not_measured),
        left_out=tuple(left_out),
        domains=tuple(domains),
        others=MappingProxyType(
            {domain: _pictures(own, classes) for domain, own in others.items()}
        ),
    )


def _check_layout(name: str, splits: dict[str, list[Row]], domains: Sequence[str]) -> None:
    """Raise DataError if only some of the `domains` have a split: holding out images from the
    others would mix the two kinds.
    """
    for kind in ("validation", "test"):
        split = {row.domain for row in splits[kind]}
        unsplit = [domain for domain in domains if domain not in split]
        if split and unsplit:
            raise DataError(
                f"in {name} the domain '{sorted(split)[0]}' has a {kind} split and"
                f" '{unsplit[0]}' has none; give both a {kind} split, or train on one of them"
            )


def _others(
    rows: Sequence[Row], domains: Sequence[str], classes: set[str]
) -> tuple[dict[str, list[Row]], list[str]]:
    """Return the rows to measure for each other domain, which are its test images or else all of
    them, and notes on what was left out.
    """
    found: dict[str, list[Row]] = {domain: [] for domain in domains}
    for row in rows:
        if row.domain in found:
            found[row.domain].append(row)
    others, notes = {}, []
    for domain, own in found.items():
        measured = [row for row in own if row.split == "test"] or own
        if rest := len(own) - len(measured):
            notes.append(
                f"of the domain '{domain}' the {len(measured):,} test images are measured on;"
                f" {rest:,} others are left out"
            )
        usable = [row for row in measured if row.label in classes]
        if extra := sorted({row.label for row in measured} - classes):
            count = len(measured) - len(usable)
            notes.append(
                f"the domain '{domain}' has {len(extra):,} classes that are not trained on,"
                f" {count:,} images left out: {some(extra)}"
            )
        if usable:
            others[domain] = usable
    return others, notes


def _pictures(rows: Sequence[Row], classes: Sequence[str]) -> Pictures:
    index_of = {name: index for index, name in enumerate(classes)}
    paths = [row.path for row in rows]
    return Pictures(
        np.array([index_of[row.label] for row in rows], dtype=np.int64),
        [row.name for row in rows],
        lambda index: open_image(paths[index]),
    )


def _fingerprint(rows: Sequence[Row]) -> str:
    return hashlib.sha256(
        "\0".join(["\0".join(row) for row in rows]).encode("utf-8", "surrogateescape")
    ).hexdigest()
