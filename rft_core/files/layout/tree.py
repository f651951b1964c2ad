"""What lies in a folder or zip of images, before anything is decided: pictures, other files, and
what was not entered.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from rft_core.files.images import is_image_name
from rft_core.files.layout.names import is_junk, is_system, suffix_of

Parts = tuple[str, ...]


@dataclass
class Folder:
    """One folder: the pictures and other files right in it (names), and the
    folders in it by name.
    """

    parts: Parts = ()
    pictures: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    folders: dict[str, "Folder"] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path below the dataset's folder."""
        return "/".join(self.parts)

    @cached_property
    def total(self) -> int:
        """Pictures in it and below it. Kept from the first use on, so only for a complete tree."""
        return len(self.pictures) + sum(inner.total for inner in self.folders.values())

    @property
    def filled(self) -> dict[str, "Folder"]:
        """The folders in it with a picture in or below them, by name."""
        return {
            name: self.folders[name] for name in sorted(self.folders) if self.folders[name].total
        }

    def below(self) -> Iterator[Parts]:
        """Yield the path of each picture in it and below it, in order."""
        for name in sorted(self.pictures):
            yield (*self.parts, name)
        for name in sorted(self.folders):
            yield from self.folders[name].below()

    def entry(self, name: str) -> "Folder":
        """Return the folder `name` in it, made where it is not there yet."""
        return self.folders.setdefault(name, Folder((*self.parts, name)))

    def suffixes(self) -> Counter[str]:
        """Return how many files below it are not pictures, by suffix in small letters."""
        found = Counter(suffix_of(name) for name in self.files)
        for inner in self.folders.values():
            found += inner.suffixes()
        return found


@dataclass
class Tree:
    """A dataset's folder, with what was met but not used: paths of hidden pictures, of links and
    of folders not entered.

    `is_intact` is false where reading stopped at the number of entries that it was given.
    """

    top: Folder = field(default_factory=Folder)
    hidden: list[str] = field(default_factory=list)
    not_followed: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    is_intact: bool = True


def read_tree(root: str | os.PathLike, most: int | None = None) -> Tree:
    """Return what lies below the folder `root`; links that lead out of it, or back to where they
    lie, are not followed.

    Stops after `most` files and folders where a number is given.
    """
    return _TreeReader(os.path.realpath(root), most).run()


def tree_of_names(names: Iterable[Parts]) -> Tree:
    """Return the tree of the plain paths `names` of files, such as those of
    an archive's members.
    """
    tree = Tree()
    for *folders, name in names:
        folder, is_hidden = tree.top, any(is_junk(part) for part in (*folders, name))
        if is_hidden:
            if is_image_name(name) and not any(map(is_system, (*folders, name))):
                tree.hidden.append("/".join((*folders, name)))
            continue
        for part in folders:
            folder = folder.entry(part)
        (folder.pictures if is_image_name(name) else folder.files).append(name)
    return tree


class _TreeReader:
    """Reads one folder with everything below it."""

    def __init__(self, root: str, most: int | None):
        self.root, self.most, self.met = root, most, 0
        self.tree = Tree()
        # a folder that only a link leads to is not hidden
        self.linked: set[str] = set()
        self.hidden: list[tuple[str, str]] = []

    def run(self) -> Tree:
        waiting = [(self.root, self.tree.top, (self.root,), False)]
        while waiting and self.tree.is_intact:
            path, folder, trail, is_hidden = waiting.pop()
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        waiting += self._take(entry, folder, trail, is_hidden)
            except OSError as error:
                self.tree.closed.append(f"{folder.path or '.'}: {error.strerror}")
        self.tree.hidden = sorted(name for path, name in self.hidden if not self._is_linked(path))
        for names in (self.tree.not_followed, self.tree.closed, self.tree.odd):
            names.sort()
        return self.tree

    def _take(
        self, entry: os.DirEntry, folder: Folder, trail: tuple[str, ...], is_hidden: bool
    ) -> list:
        """Record one entry; return the folders to enter because of it."""
        self.met += 1
        if self.most is not None and self.met > self.most:
            self.tree.is_intact = False
            return []
        if is_system(entry.name):
            return []
        is_hidden = is_hidden or entry.name.startswith(".")
        name = "/".join((*folder.parts, entry.name))
        if entry.is_symlink() and not self._stays(entry.path, trail):
            if not is_hidden:
                self.tree.not_followed.append(name)
            return []
        if entry.is_dir():
            target = os.path.realpath(entry.path)
            if entry.is_symlink() and not is_hidden:
                self.linked.add(target)
            inner = Folder((*folder.parts, entry.name)) if is_hidden else folder.entry(entry.name)
            return [(entry.path, inner, (*trail, target), is_hidden)]
        self._file(entry, folder, name, is_hidden)
        return []

    def _file(self, entry: os.DirEntry, folder: Folder, name: str, is_hidden: bool) -> None:
        if is_hidden:
            if is_image_name(entry.name):
                self.hidden.append((entry.path, name))
        elif not entry.is_file():
            self.tree.odd.append(name)
        elif is_image_name(entry.name):
            if entry.is_symlink():
                self.linked.add(os.path.realpath(entry.path))
            folder.pictures.append(entry.name)
        else:
            folder.files.append(entry.name)

    def _is_linked(self, path: str) -> bool:
        if not self.linked:
            return False
        real = os.path.realpath(path)
        return real in self.linked or any(
            real.startswith(target + os.sep) for target in self.linked
        )

    def _stays(self, link: str, trail: tuple[str, ...]) -> bool:
        """Whether a link stays below the root and does not lead back to a folder it lies in."""
        target = os.path.realpath(link)
        return target.startswith(self.root.rstrip(os.sep) + os.sep) and target not in trail
