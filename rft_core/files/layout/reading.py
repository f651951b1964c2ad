"""Read a folder of images, or the names in an archive of one: what a run will train on,
without opening a picture.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from rft_core.errors import DataError, UnknownNameError
from rft_core.files.layout.arrange import arrange
from rft_core.files.layout.classes import Labelled, settle_classes
from rft_core.files.layout.found import MOST_FOLDERS_NAMED, Found, LeftOut, Picture, by_suffix, some
from rft_core.files.layout.found import shown as as_text
from rft_core.files.layout.names import TRAIN
from rft_core.files.layout.tree import Folder, Parts, Tree, read_tree, tree_of_names


@dataclass(frozen=True)
class Reading:
    """The pictures below `root` (a path without links) in order, what was left out, and notes
    on how they were read.

    `is_intact` is false where reading stopped early; then nothing was decided.
    """

    root: str
    pictures: tuple[Picture, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    is_intact: bool = True

    @property
    def lines(self) -> tuple[str, ...]:
        """All notes on it, what was left out first."""
        return (*(item.line() for item in self.left_out), *self.notes)


def read_folder(
    path: str | Path,
    layout: str = "auto",
    domains: Sequence[str] = (),
    *,
    most: int | None = None,
    title: str = "",
) -> Reading:
    """Return what the folder at `path` holds.

    With `domains`, its first level are domains, and these are trained on.

    `layout` is the setting data.layout. Stops after `most` files where a number is given; messages
    call the folder `title`, or by its path. Raises DataError for a folder that is missing or has no
    class folders, and LayoutQuestion where it could be read in two ways.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        hint = " (it is a file, and not called .zip)" if root.is_file() else ""
        raise DataError(
            f"there is no folder '{path}'{hint}; give the path of a folder with one folder of"
            " images a class, or of a zip of it"
        )
    tree = read_tree(root, most)
    if not tree.is_intact:
        return Reading(str(root), is_intact=False)
    return replace(_decide(tree, title or str(root), layout, domains), root=os.path.realpath(root))


def read_names(
    names: Iterable[Parts], title: str, layout: str = "auto", domains: Sequence[str] = ()
) -> Reading:
    """Return what files of the plain paths `names` would be as a dataset called `title`: the
    check of an archive.
    """
    return _decide(tree_of_names(names), title, layout, domains)


class HasPictures(Protocol):
    """A folder or a table that was read."""

    @property
    def pictures(self) -> Sequence[Labelled]:
        """Its pictures in order."""


def check_classes_of(
    reading: HasPictures, name: str, domains: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the classes that a run on `reading` would have, and notes on their
    spelling.

    Raises DataError as a run would: for one class, and for a validation or test class
    that training lacks.
    """
    items, notes = settle_classes(name, reading.pictures, domains)
    classes = sorted(
        {
            item.label
            for item in items
            if item.split == TRAIN and (not domains or item.domain in domains)
        }
    )
    require_two(name, classes)
    own = [item for item in items if not domains or item.domain in domains]
    missing = 2 - len({item.split for item in own if item.split != TRAIN})
    require_images(
        name, max(Counter(item.label for item in own if item.split == TRAIN).values()), 1 + missing
    )
    return tuple(classes), tuple(notes)


def require_images(name: str, largest: int, needed: int, kind: str = "images") -> None:
    """Raise DataError where the largest class has fewer than `needed` training images: one to
    train on, and one for each split to draw.
    """
    if largest < needed:
        raise DataError(
            f"{name} has at most {largest} {kind} a class; training and measuring need at least"
            f" {needed} in some class"
        )


def require_two(name: str, classes: Sequence[str]) -> None:
    """Raise DataError for a dataset of one class, or none."""
    if len(classes) < 2:
        found = f"one class, '{classes[0]}'" if classes else "no class"
        raise DataError(f"{name} has {found}; classification needs at least two folders of images")


def _decide(tree: Tree, root: str, layout: str, domains: Sequence[str]) -> Reading:
    try:
        found = (
            _domains(tree.top, root, layout, domains)
            if domains
            else arrange(tree.top, root, layout)
        )
    except DataError as error:
        met = [*_links(tree), *_hidden(tree)]
        raise (
            type(error)("; ".join([str(error), *met]))
            if met and not isinstance(error, UnknownNameError)
            else error
        ) from None
    left_out = [*found.left_out, *_not_read(tree)]
    notes = [*found.notes, *_empty(tree.top), *_links(tree), *_odd(tree)]
    if not domains and _looks_like_domains(tree.top, found):
        notes.append(
            f"every folder of '{root}' holds the same folders; if the outer ones are domains and"
            " not classes, name one in data.domains"
        )
    return Reading(root, tuple(found.pictures), tuple(left_out), tuple(notes))


def _domains(top: Folder, root: str, layout: str, domains: Sequence[str]) -> Found:
    if len(top.filled) == 1 and not set(domains) & set(top.filled):
        ((_, top),) = top.filled.items()
    for name in domains:
        if name not in top.filled:
            raise UnknownNameError("domain", name, [as_text(domain) for domain in top.filled])
    combined = Found()
    combined.leave_out_loose("loose beside the folders of the domains", top)
    for domain, folder in top.filled.items():
        found = arrange(folder, f"{root}/{folder.path}", layout, domain)
        combined.pictures += found.pictures
        combined.left_out += found.left_out
        combined.notes += [f"{as_text(domain)}: {note}" for note in found.notes]
    return combined


def _not_read(tree: Tree) -> list[LeftOut]:
    found = []
    if files := list(_files(tree.top)):
        found.append(
            LeftOut(
                f"not read as images ({by_suffix(tree.top.suffixes())})", 0, len(files), some(files)
            )
        )
    if tree.hidden:
        names = [as_text(name) for name in tree.hidden]
        found.append(
            LeftOut(
                "hidden by a dot in front of their names, or of a folder's",
                len(names),
                0,
                some(names),
            )
        )
    return found


def _files(folder: Folder) -> Iterable[str]:
    for name in sorted(folder.files):
        yield as_text("/".join((*folder.parts, name)))
    for name in sorted(folder.folders):
        yield from _files(folder.folders[name])


def _empty(top: Folder) -> list[str]:
    """Return a line on the folders without a picture, the outermost of them."""
    names, waiting = [], [top] if top.total else []
    while waiting:
        for inner in waiting.pop().folders.values():
            if inner.total:
                waiting.append(inner)
            else:
                names.append(f"{as_text(inner.path)} ({by_suffix(inner.suffixes()) or 'no file'})")
    if not names:
        return []
    count = f"{len(names):,} {'folder holds' if len(names) == 1 else 'folders hold'}"
    return [f"{count} no image that is read: {'; '.join(some(sorted(names), MOST_FOLDERS_NAMED))}"]


def _links(tree: Tree) -> list[str]:
    notes = []
    if tree.not_followed:
        names = "; ".join(some([as_text(name) for name in tree.not_followed], MOST_FOLDERS_NAMED))
        notes.append(
            f"{len(tree.not_followed):,} links lead out of the folder, or back to where they lie,"
            f" and were not followed: {names}"
        )
    if tree.closed:
        notes.append(
            f"{len(tree.closed):,} folders could not be read:"
            f" {'; '.join(some([as_text(name) for name in tree.closed]))}"
        )
    return notes


def _hidden(tree: Tree) -> list[str]:
    return [left_out.line() for left_out in _not_read(tree) if left_out.images]


def _odd(tree: Tree) -> list[str]:
    if not tree.odd:
        return []
    return [
        f"{len(tree.odd):,} names lead to no file, or to one that is not a plain file:"
        f" {'; '.join(some([as_text(name) for name in tree.odd]))}"
    ]


def _looks_like_domains(top: Folder, found: Found) -> bool:
    """Whether every class holds the same two or more folders and no image beside them."""
    tops = list(top.filled.values())
    if (
        len(tops) < 2
        or any(picture.split != TRAIN for picture in found.pictures)
        or any(folder.pictures for folder in tops)
    ):
        return False
    sets = [set(folder.filled) for folder in tops]
    return len(sets[0]) > 1 and all(names == sets[0] for names in sets)
