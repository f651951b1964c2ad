"""The content of a folder of images: each picture with its split, class and domain, and what was
left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rft_core.errors import DataError
from rft_core.files.layout.tree import Folder, Parts

MOST_NAMED = 3
MOST_FOLDERS_NAMED = 8


class Picture(NamedTuple):
    """One picture: its path below the dataset's folder, its split, its class and its
    domain ('' for none).
    """

    parts: Parts
    split: str
    label: str
    domain: str


class LeftOut(NamedTuple):
    """What was not taken, and why: how many images and other files, and the names
    of the first of them.
    """

    reason: str
    images: int
    files: int
    names: tuple[str, ...]

    def line(self) -> str:
        """Return it as a line for card, log and form."""
        counts = [
            f"{count:,} {word}{'' if count == 1 else 's'}"
            for count, word in ((self.images, "image"), (self.files, "other file"))
            if count
        ]
        return (
            f"{' and '.join(counts) or 'nothing'} left out, {self.reason}: {'; '.join(self.names)}"
        )


class LayoutQuestion(DataError):
    """Folders that may be read in two ways; the message says which setting decides."""


@dataclass
class Found:
    """The pictures of a dataset's folder in order, what was left out of it, and notes on how it
    was read.
    """

    pictures: list[Picture] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """All notes: what was left out, and how the rest was read."""
        return [*(item.line() for item in self.left_out), *self.notes]

    def leave_out(self, reason: str, folders: Sequence[Folder]) -> None:
        """Note complete folders that are not used; without folders nothing is noted."""
        if folders:
            names = [f"{shown(folder.path)}/ ({counted(folder.total)})" for folder in folders]
            total = sum(folder.total for folder in folders)
            self.left_out.append(LeftOut(reason, total, 0, some(names, MOST_FOLDERS_NAMED)))

    def leave_out_loose(self, reason: str, folder: Folder) -> None:
        """Note the pictures right in `folder`, which are not taken."""
        if folder.pictures:
            names = [shown("/".join((*folder.parts, name))) for name in sorted(folder.pictures)]
            self.left_out.append(LeftOut(reason, len(names), 0, some(names)))


def some(names: Sequence[str], most: int = MOST_NAMED) -> tuple[str, ...]:
    """Return the first few of `names`, and how many more there are."""
    if len(names) <= most:
        return tuple(names)
    return (*names[:most], f"and {len(names) - most:,} more")


def shown(name: str) -> str:
    """Return a file's name as text that can be stored: bytes that are not UTF-8 become \\xff."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def counted(images: int) -> str:
    """Return a number of images in words."""
    return "1 image" if images == 1 else f"{images:,} images"


def quoted(names: Sequence[str]) -> str:
    """Return names in quotes for a message, the first few of many."""
    return ", ".join(
        f"'{shown(name)}'" if not name.startswith("and ") else name for name in some(list(names), 6)
    )


def describe(folder: Folder) -> str:
    """Return what lies in `folder`, for a message: loose pictures, folders with their counts,
    other files by suffix.
    """
    parts = [f"{counted(len(folder.pictures))} right in it"] if folder.pictures else []
    if folder.folders:
        inner = [_described(folder.folders[name], shown(name)) for name in sorted(folder.folders)]
        parts.append(f"the folders {', '.join(some(inner, MOST_FOLDERS_NAMED))}")
    if suffixes := folder.suffixes():
        parts.append(f"other files: {by_suffix(suffixes)}")
    return "; ".join(parts) or "nothing"


def by_suffix(counts: dict[str, int]) -> str:
    """Return counts of files by suffix, most first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(
        some([f"{count:,} {suffix or 'without a suffix'}" for suffix, count in ordered], 8)
    )


def _described(folder: Folder, name: str) -> str:
    loose = len(folder.pictures)
    how = (
        f"{counted(folder.total)}, none right in it"
        if folder.total and not loose
        else counted(folder.total)
    )
    return f"{name}/ ({how})"
