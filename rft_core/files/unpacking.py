"""Unpack the images of one zip into one folder, trusting nothing that the zip says about itself.

Names are checked, sizes counted while they are written, and a file stays only when
Pillow knows its header.
"""

import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rft_core.errors import DataError
from rft_core.files.archive_names import (
    NO_IMAGE,
    NamePlan,
    check_member,
    is_hidden_image,
    member_name,
    member_parts,
    printable,
)
from rft_core.files.images import open_image
from rft_core.files.layout.found import MOST_FOLDERS_NAMED, by_suffix, some
from rft_core.files.layout.names import is_junk, suffix_of

CHUNK = 2**20
MOST_LINES, MOST_NAMED = 200, 3


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an upload may hold: images, and bytes a file and in all once unpacked.

    Unpacked, no file may be more than `ratio` times what is stored of it, nor all of them `ratio`
    times the archive; the first MiB of a file and the first `slack_bytes` of all are free, since a
    picture of one colour shrinks a thousandfold.
    """

    files: int = 500_000
    file_bytes: int = 300 * 2**20
    total_bytes: int = 20 * 2**30
    ratio: int = 100
    slack_bytes: int = 256 * 2**20


class _Skip(Exception):
    """A reason to leave one file out."""


@contextmanager
def opened(archive: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Yield `archive` as a stream at its start; a path is opened, and closed after the block.
    Raises DataError where it cannot be read.
    """
    if not isinstance(archive, (str, os.PathLike)):
        archive.seek(0)
        yield archive
        return
    try:
        with open(archive, "rb") as file:
            yield file
    except OSError as error:
        raise DataError(f"{printable(name)} cannot be read ({error.strerror})") from None


@contextmanager
def opened_zip(file: BinaryIO, name: str) -> Iterator[zipfile.ZipFile]:
    """Yield the stream `file` as a zip; raises DataError for anything that is not a zip."""
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    # a damaged directory raises many types, each meaning the same here
    except Exception as error:
        raise DataError(
            f"{printable(name)} is not a zip, or a damaged one ({printable(str(error))}); pack the"
            " folder of images again, as .zip"
        ) from None
    with archive:
        yield archive


@dataclass
class Unpacking:
    """One archive that is being unpacked into one folder."""

    archive: zipfile.ZipFile
    folder: Path
    size: int
    limits: Limits
    name: str
    tried: int = 0
    kept: int = 0
    written: int = 0
    skipped: list[str] = field(default_factory=list)
    left_out: int = 0
    hidden: int = 0
    suffixes: Counter[str] = field(default_factory=Counter)
    decoded: Counter[str] = field(default_factory=Counter)
    names: NamePlan = field(default_factory=NamePlan)
    # folders of the archive: those of kept images, and for every other the suffixes of
    # what was left out of it
    filled: set[str] = field(default_factory=set)
    emptied: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def most_bytes(self) -> int:
        """Bytes that this archive may unpack to: as many in all as `limits` allow, and not out of
        proportion to its own size.
        """
        return min(self.limits.total_bytes, self.limits.slack_bytes + self.limits.ratio * self.size)

    def run(self) -> None:
        """Unpack every image that may be unpacked."""
        for member in self.archive.infolist():
            try:
                self._take(member)
            except _Skip as reason:
                self._leave_out(member_name(member)[0], str(reason))

    def lines(self) -> list[str]:
        """Return a line for each file left out, at most MOST_LINES and one that counts the rest."""
        rest = self.left_out - len(self.skipped)
        return [*self.skipped, f"and {rest:,} more"] if rest else self.skipped

    def notes(self) -> list[str]:
        """Return notes on the dataset that it becomes: files left out, and names that do not say
        their encoding.
        """
        notes = []
        if self.left_out:
            counts = (
                f" ({by_suffix(self.suffixes)} are not read as images)" if self.suffixes else ""
            )
            first = "; ".join(self.skipped[:MOST_NAMED]) + (
                " ..." if self.left_out > MOST_NAMED else ""
            )
            notes.append(
                f"{self.left_out:,} files of {printable(self.name)} were left out{counts}: {first}"
            )
        if empty := self._empty():
            count = (
                f"{len(empty):,} {'folder' if len(empty) == 1 else 'folders'} of"
                f" {printable(self.name)} {'holds' if len(empty) == 1 else 'hold'}"
            )
            notes.append(
                f"{count} no image that is read: {'; '.join(some(empty, MOST_FOLDERS_NAMED))}"
            )
        if self.hidden:
            notes.append(
                f"{self.hidden:,} images of {printable(self.name)} are hidden by a dot in front of"
                " a name, and were left out"
            )
        for page, number in self.decoded.items():
            notes.append(
                f"{number:,} names in {printable(self.name)} do not say how they are written, and"
                f" were read as {page}"
            )
        return notes

    def _leave_out(self, name: str, reason: str) -> None:
        self.left_out += 1
        folder, _, file = name.rpartition("/")
        self.emptied.setdefault(folder, Counter())[suffix_of(file)] += 1
        if reason.startswith(NO_IMAGE):
            self.suffixes[suffix_of(file)] += 1
        if len(self.skipped) < MOST_LINES:
            self.skipped.append(f"{printable(name)}: {reason}")

    def _empty(self) -> list[str]:
        """Return the folders without a kept image in or below them, the outermost of them,
        with what was left out.
        """
        filled = {
            "",
            *(folder[:end] for folder in self.filled for end in (*_ends(folder), len(folder))),
        }
        empty = {folder: counts for folder, counts in self.emptied.items() if folder not in filled}
        outermost = [
            folder for folder in empty if not any(folder[:end] in empty for end in _ends(folder))
        ]
        return [
            f"{printable(folder)} ({by_suffix(empty[folder]) or 'no file'})"
            for folder in sorted(outermost)
        ]

    def _take(self, member: zipfile.ZipInfo) -> None:
        try:
            name, encoding = member_name(member)
            parts = member_parts(name)
            is_folder = name.endswith("/")
            if parts is None or is_folder:
                self.hidden += is_hidden_image(name)
                if is_folder and not any(map(is_junk, name.split("/"))):
                    self.emptied.setdefault(name.strip("/"), Counter())
                return
            self.decoded.update([encoding] if encoding else [])
            check_member(member)
            target = self.folder.joinpath(*self.names.claim(parts))
        except ValueError as reason:
            raise _Skip(str(reason)) from None
        self.tried += 1
        if self.tried > self.limits.files:
            raise DataError(
                f"{printable(self.name)} holds more than {self.limits.files:,} images; put the"
                " folder on this machine and name it instead"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._write(member, target)
            _check_content(target)
        except _Skip:
            target.unlink(missing_ok=True)
            raise
        self.kept += 1
        self.filled.add(name.rpartition("/")[0])

    def _write(self, member: zipfile.ZipInfo, target: Path) -> None:
        """Write one file, counting what comes out of the archive and not
        what its directory says.
        """
        # zipfile happens to call a member damaged that claims more than there is, but does not
        # promise it
        stored = min(member.compress_size, self.size)
        most = min(self.limits.file_bytes, CHUNK + self.limits.ratio * stored)
        with open(target, "xb") as file:
            for chunk in self._chunks(member):
                self.written += len(chunk)
                if self.written > self.most_bytes:
                    raise DataError(
                        f"{printable(self.name)} unpacks to more than {self.most_bytes:,} bytes;"
                        " put the folder on this machine and name it instead"
                    )
                if file.tell() + len(chunk) > most:
                    raise _Skip(f"it unpacks to more than {most:,} bytes")
                file.write(chunk)

    def _chunks(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            with self.archive.open(member) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        # zipfile and zlib raise many types on a damaged member, and each means the same here
        except Exception as error:
            raise _Skip(f"it is damaged ({type(error).__name__})") from None


def _ends(folder: str) -> list[int]:
    """Return where the paths of the folders around `folder` end in its own path."""
    return [position for position, letter in enumerate(folder) if letter == "/"]


def _check_content(path: Path) -> None:
    try:
        with open_image(path):
            pass
    except DataError as error:
        raise _Skip(str(error)) from None
    except Exception:
        raise _Skip("its header is damaged") from None
