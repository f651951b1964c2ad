"""The classes of a dataset: one name each, however its splits and domains spell it."""

from collections.abc import Iterable, Sequence
from typing import Protocol, Self, TypeVar

from rft_core.errors import DataError
from rft_core.files.layout.found import quoted
from rft_core.files.layout.names import TRAIN, class_key, match_classes

MEASURED = ("validation", "test")


class Labelled(Protocol):
    """A named tuple with a label, a split and a domain: a picture of a folder, a row of a table."""

    @property
    def label(self) -> str:
        """The name of its class."""

    @property
    def split(self) -> str:
        """One of "train", "validation" and "test"."""

    @property
    def domain(self) -> str:
        """The name of its domain, '' for none."""

    def _replace(self, *, label: str = ...) -> Self: ...


Item = TypeVar("Item", bound=Labelled)


def settle_classes(
    name: str, items: Sequence[Item], domains: Sequence[str]
) -> tuple[list[Item], list[str]]:
    """Return `items` with their labels as training spells them, and notes on that.

    Spellings of one accent are one class. Names that differ by case alone are one class across
    splits, and two where training itself has both. Training is that of `domains`, or all where
    there are none. Raises DataError for a class of the validation or test images of `name`
    that training lacks.
    """
    own = [item for item in items if not domains or item.domain in domains]
    train = _labels(item for item in own if item.split == TRAIN)
    classes = list(dict.fromkeys(map(class_key, train)))
    others = [label for label in _labels(items) if label not in train]
    found = {label: class_key(label) for label in train} | match_classes(others, classes)
    for kind in MEASURED:
        extra = sorted(
            label
            for label in _labels(item for item in own if item.split == kind)
            if label not in found
        )
        if extra and classes:
            raise DataError(
                f"the {kind} images of {name} have the class '{extra[0]}' that the training images"
                f" lack (those of training: {quoted(sorted(classes))}); rename or remove it"
            )
    notes = [*_accents(found), *_cases(found, classes)]
    return [
        item._replace(label=found.get(item.label, class_key(item.label))) for item in items
    ], notes


def _labels(items: Iterable[Item]) -> list[str]:
    return list(dict.fromkeys(item.label for item in items))


def _accents(found: dict[str, str]) -> list[str]:
    spellings: dict[str, set[str]] = {}
    for label, name in found.items():
        if class_key(label) == name:
            spellings.setdefault(name, set()).add(label)
    names = sorted(name for name, spelled in spellings.items() if len(spelled) > 1)
    if not names:
        return []
    return [
        f"accents are written in two ways of Unicode, and taken for one class each: {quoted(names)}"
    ]


def _cases(found: dict[str, str], classes: Sequence[str]) -> list[str]:
    notes = []
    matched = [
        f"'{label}' is '{name}'"
        for label, name in sorted(found.items())
        if class_key(label) != name
    ]
    if matched:
        notes.append(
            "names that differ from a class of training by case alone are taken for it:"
            f" {', '.join(matched[:6])}"
        )
    by_case: dict[str, list[str]] = {}
    for name in classes:
        by_case.setdefault(name.casefold(), []).append(name)
    for names in by_case.values():
        if len(names) > 1:
            notes.append(
                f"the classes {quoted(sorted(names))} differ by case alone, and are kept apart"
            )
    return notes
