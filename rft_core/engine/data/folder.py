"""Any folder of images: one folder a class, or train/ and test/ (and val/) of them; domains above that; any image size.

Links that leave the folder are not followed. A zip is unpacked into the home first.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.decode import decode
from rft_core.engine.data.listing import Listing
from rft_core.engine.data.rows import SPLITS, Row, list_rows, shown, some, stamp_of
from rft_core.errors import DataError, UnknownNameError
from rft_core.home import find_home
from rft_core.image_files import is_image_name
from rft_core.uploads import unpack

File = tuple[tuple[str, ...], str]


def load(path: str, request: Request) -> Dataset:
    """Return the images below `path`, a folder or a zip of one.

    Raises DataError for a folder that is missing, empty, or has a class in test/ that train/ lacks.
    """
    return decode(list_folder(path, request.domains), request)


def list_folder(path: str, domains: Sequence[str] = ()) -> Listing:
    """Return the listing of the folder or zip at `path`. With `domains`, its first level are domains, and these are trained on."""
    place, notes = Path(path).expanduser(), []
    root = place
    if place.is_file() and place.suffix.lower() == ".zip":
        upload = unpack(place, place.name, find_home())
        root = upload.folder
        notes = [f"{upload.left_out:,} files of {place.name} were left out: {some(upload.skipped)}"] if upload.skipped else []
    if not root.is_dir():
        raise DataError(f"there is no folder '{path}'; give the path of a folder with one folder of images a class, or of a zip of it")
    tree = _Tree(os.path.realpath(root))
    files = sorted(tree.files())
    notes += tree.notes()
    rows = _domain_rows(root, files, domains, tree.root) if domains else _split_rows(root, files, tree.root, "")
    if not domains and _looks_like_domains(files, rows):
        notes.append(f"every folder of '{root}' holds the same folders; if the outer ones are domains and not classes, name one in data.domains")
    return list_rows(place.name, rows, domains, notes)


@dataclass
class _Tree:
    """The image files below `root`, a path without links, and what was not entered: links that lead out or round, closed folders."""

    root: str
    not_followed: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def files(self) -> Iterator[File]:
        """Give each image as (parts of its relative path, stamp), in no order; hidden files and folders are left out."""
        waiting = [(self.root, (), (self.root,))]
        while waiting:
            folder, parts, trail = waiting.pop()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.name.startswith("."):
                            continue
                        own = (*parts, entry.name)
                        if entry.is_symlink() and not self._stays(entry.path, trail):
                            self.not_followed.append(shown("/".join(own)))
                        elif entry.is_dir():
                            waiting.append((entry.path, own, (*trail, os.path.realpath(entry.path))))
                        elif is_image_name(entry.name) and entry.is_file():
                            yield own, stamp_of(entry.stat())
            except OSError as error:
                self.closed.append(f"{shown('/'.join(parts)) or '.'}: {error.strerror}")

    def notes(self) -> list[str]:
        """Return a line on the links that were not followed, and one on the folders that could not be read."""
        notes = []
        if self.not_followed:
            notes.append(
                f"{len(self.not_followed):,} links lead out of the folder, or back to where they lie, and were not followed: {some(self.not_followed)}"
            )
        if self.closed:
            notes.append(f"{len(self.closed):,} folders could not be read: {some(self.closed)}")
        return notes

    def _stays(self, link: str, trail: tuple[str, ...]) -> bool:
        """Whether a link stays below the root and does not lead back to a folder it lies in."""
        target = os.path.realpath(link)
        return target.startswith(self.root.rstrip(os.sep) + os.sep) and target not in trail


def _split_rows(root: Path, files: Sequence[File], base: str, domain: str) -> list[Row]:
    """Return a row for each file that lies in a class folder, below the folder of a split where there are such."""
    tops = sorted({parts[0] for parts, _ in files if len(parts) > 1})
    folders = {SPLITS[top.lower()]: top for top in reversed(tops) if top.lower() in SPLITS}
    if "train" not in folders:
        _check_no_train(root, files, folders)
        folders = {}
    depth = 1 if folders else 0
    kinds = {top: kind for kind, top in folders.items()}
    used = [(parts, stamp, kinds.get(parts[0], "train")) for parts, stamp in files if len(parts) > depth + 1 and (not folders or parts[0] in kinds)]
    if not any(kind == "train" for _, _, kind in used):
        _raise_empty(root / folders.get("train", ""), [parts[depth:] for parts, _ in files if not folders or parts[0] == folders["train"]])
    prefix = f"{domain}/" if domain else ""
    names = [prefix + "/".join(parts) for parts, _, _ in used]
    return [Row(f"{base}/{name}", shown(name), shown(parts[depth]), kind, shown(domain), stamp) for name, (parts, stamp, kind) in zip(names, used)]


def _check_no_train(root: Path, files: Sequence[File], folders: dict[str, str]) -> None:
    """A test/ that holds the classes beside it would be taken for a class of its own, with the test images in training."""
    tops = {parts[0] for parts, _ in files if len(parts) > 1}
    for kind, folder in folders.items():
        inner = {parts[1] for parts, _ in files if len(parts) > 2 and parts[0] == folder}
        if inner & tops or (inner and tops <= set(folders.values())):
            raise DataError(f"'{root}' has a {kind} folder, '{folder}', and no folder train; put the training classes into train/")


def _raise_empty(root: Path, parts: Sequence[tuple[str, ...]]) -> None:
    loose = sum(len(one) == 1 for one in parts)
    found = f"{loose:,} images lie loose in it" if loose else "no image was found below it"
    raise DataError(f"'{root}' has no class folders with images ({found}); put the images of each class into a folder named after the class")


def _domain_rows(root: Path, files: Sequence[File], wanted: Sequence[str], base: str) -> list[Row]:
    below: dict[str, list[File]] = {}
    for parts, stamp in files:
        if len(parts) > 1:
            below.setdefault(parts[0], []).append((parts[1:], stamp))
    for name in wanted:
        if name not in below:
            raise UnknownNameError("domain", name, list(below))
    return [row for domain, own in below.items() for row in _split_rows(root / domain, own, base, domain)]


def _looks_like_domains(files: Sequence[File], rows: Sequence[Row]) -> bool:
    """Whether every class holds the same two or more folders and no image beside them."""
    if any(row.split != "train" for row in rows) or any(len(parts) == 2 for parts, _ in files):
        return False
    inner: dict[str, set[str]] = {}
    for parts, _ in files:
        if len(parts) > 2:
            inner.setdefault(parts[0], set()).add(parts[1])
    sets = list(inner.values())
    return len(sets) > 1 and len(sets[0]) > 1 and all(one == sets[0] for one in sets)
