"""Uploaded archives: a zip of images becomes a folder below the home's uploads, and nothing else is ever written.

Nothing a zip says of itself is trusted: names are checked, sizes counted while they are written, and a file stays only when
Pillow knows its header.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import BinaryIO

from rft_core.aside import aside
from rft_core.errors import DataError, UnknownNameError
from rft_core.home import Home
from rft_core.image_files import open_image
from rft_core.member_names import NamePlan, check_member, member_parts, printable, safe_name

RECORD = ".upload.json"
CHUNK = 2**20
MOST_LINES = 200


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an upload may hold: images, and bytes a file and in all once unpacked.

    Unpacked, no file may be more than `ratio` times what is stored of it, nor all of them `ratio` times the archive; the first
    MiB of a file and the first `slack_bytes` of all are free, since a picture of one colour shrinks a thousandfold.
    """

    files: int = 500_000
    file_bytes: int = 300 * 2**20
    total_bytes: int = 20 * 2**30
    ratio: int = 100
    slack_bytes: int = 256 * 2**20


@dataclass(frozen=True)
class Upload:
    """An unpacked archive: its folder, how many images it holds, a line for each file that was left out (the first 200), and how
    many those are."""

    folder: Path
    kept: int
    skipped: tuple[str, ...]
    left_out: int = 0


class _Skip(Exception):
    """A reason to leave one file out."""


def unpack(archive: Path | BinaryIO, name: str, home: Home, limits: Limits | None = None) -> Upload:
    """Return the folder of the zip `archive`, called after `name` ("photos.zip"); the same content gives the same folder again.

    Files that are no image, or are refused (see `member_parts` and Limits), are left out with a line each. One folder around
    everything is taken off. A stream must be able to seek. Raises DataError for what is no zip, holds no image, or is more
    than `limits` allow; then nothing stays.
    """
    with _opened(archive, name) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        stem = safe_name(Path(name.replace("\\", "/")).stem)
        if found := _find(home.uploads, digest):
            return found
        try:
            with aside(home.uploads / stem) as temporary:
                return _unpack_into(temporary, file, name, digest, stem, home.uploads, limits or Limits())
        except OSError as error:
            raise DataError(
                f"{printable(name)} cannot be unpacked below {home.uploads} ({error.strerror or error}); make room there, or check who may write"
            ) from None


def list_uploads(home: Home) -> list[Path]:
    """Return the folders of all uploads, by name."""
    return sorted(path for path in home.uploads.glob("[!.]*") if path.is_dir() and not path.is_symlink())


def remove_upload(home: Home, name: str) -> None:
    """Remove the upload `name` and its images; a name that is not among the uploads raises UnknownNameError."""
    folders = {path.name: path for path in list_uploads(home)}
    if name not in folders:
        raise UnknownNameError("upload", name, list(folders))
    shutil.rmtree(folders[name])


@contextmanager
def _opened(archive: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    if not isinstance(archive, (str, os.PathLike)):
        archive.seek(0)
        yield archive
        return
    try:
        with open(archive, "rb") as file:
            yield file
    except OSError as error:
        raise DataError(f"{printable(name)} cannot be read ({error.strerror})") from None


def _unpack_into(temporary: Path, file: BinaryIO, name: str, digest: str, stem: str, uploads: Path, limits: Limits) -> Upload:
    size = file.seek(0, os.SEEK_END)
    with _zip(file, name) as archive:
        work = _Work(archive, temporary, size, limits, name)
        work.run()
    _remove_empty(temporary)
    if not work.kept:
        first = f"; the first file left out: {work.skipped[0]}" if work.skipped else ""
        raise DataError(f"{printable(name)} holds no image that can be used{first}")
    source = _unwrapped(temporary)
    record = {"digest": digest, "kept": work.kept, "skipped": work.lines(), "left_out": work.left_out}
    (source / RECORD).write_text(json.dumps(record), encoding="utf-8")
    return _place(source, uploads, stem, digest)


@contextmanager
def _zip(file: BinaryIO, name: str) -> Iterator[zipfile.ZipFile]:
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    # a damaged directory raises many types, each meaning the same here
    except Exception as error:
        raise DataError(f"{printable(name)} is not a zip, or a damaged one ({printable(str(error))}); pack the folder of images again, as .zip") from None
    with archive:
        yield archive


@dataclass
class _Work:
    """One archive on its way into one folder."""

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
    names: NamePlan = field(default_factory=NamePlan)

    @property
    def most_bytes(self) -> int:
        """Bytes that this archive may unpack to: as many in all as `limits` allow, and not out of proportion to its own size."""
        return min(self.limits.total_bytes, self.limits.slack_bytes + self.limits.ratio * self.size)

    def run(self) -> None:
        """Unpack every image that may be unpacked."""
        for member in self.archive.infolist():
            try:
                self._take(member)
            except _Skip as reason:
                self._leave_out(f"{printable(member.orig_filename)}: {reason}")

    def lines(self) -> list[str]:
        """Return a line for each file left out, at most MOST_LINES and one that counts the rest."""
        rest = self.left_out - len(self.skipped)
        return [*self.skipped, f"and {rest:,} more"] if rest else self.skipped

    def _leave_out(self, line: str) -> None:
        self.left_out += 1
        if len(self.skipped) < MOST_LINES:
            self.skipped.append(line)

    def _take(self, member: zipfile.ZipInfo) -> None:
        try:
            parts = member_parts(member.orig_filename)
            if parts is None or member.is_dir():
                return
            check_member(member)
            target = self.folder.joinpath(*self.names.claim(parts))
        except ValueError as reason:
            raise _Skip(str(reason)) from None
        self.tried += 1
        if self.tried > self.limits.files:
            raise DataError(f"{printable(self.name)} holds more than {self.limits.files:,} images; put the folder on this machine and name it instead")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._write(member, target)
            _check_content(target)
        except _Skip:
            target.unlink(missing_ok=True)
            raise
        self.kept += 1

    def _write(self, member: zipfile.ZipInfo, target: Path) -> None:
        """Write one file, counting what comes out of the archive and not what its directory says."""
        # zipfile finds a member damaged that claims more than there is, which is its habit and no promise
        stored = min(member.compress_size, self.size)
        most = min(self.limits.file_bytes, CHUNK + self.limits.ratio * stored)
        with open(target, "xb") as file:
            for chunk in self._chunks(member):
                self.written += len(chunk)
                if self.written > self.most_bytes:
                    raise DataError(
                        f"{printable(self.name)} unpacks to more than {self.most_bytes:,} bytes; put the folder on this machine and name it instead"
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


def _check_content(path: Path) -> None:
    try:
        with open_image(path):
            pass
    except DataError as error:
        raise _Skip(str(error)) from None
    except Exception:
        raise _Skip("its header is damaged") from None


def _remove_empty(root: Path) -> None:
    """Remove folders whose every file was left out."""
    for folder, _, _ in os.walk(root, topdown=False):
        if folder != str(root) and not os.listdir(folder):
            os.rmdir(folder)


def _unwrapped(folder: Path) -> Path:
    """Return the folder inside single folders around everything; one that holds images itself is a class, and stays."""
    while True:
        entries = list(folder.iterdir())
        if len(entries) != 1 or not entries[0].is_dir() or any(path.is_file() for path in entries[0].iterdir()):
            return folder
        folder = entries[0]


def _find(uploads: Path, digest: str) -> Upload | None:
    return next((found for folder in sorted(uploads.glob("[!.]*")) if (found := _read_record(folder, digest))), None)


def _free(uploads: Path, stem: str) -> Path:
    """Return the first of photos, photos-2, photos-3 ... that is not there."""
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(folder for folder in (uploads / name for name in names) if not folder.exists())


def _read_record(folder: Path, digest: str) -> Upload | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return Upload(folder, record["kept"], tuple(record["skipped"]), record["left_out"]) if record["digest"] == digest else None
    # a folder without a whole record is another upload's, or a person's
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(source: Path, uploads: Path, stem: str, digest: str) -> Upload:
    """Move `source` to the first free name, unless another process has brought the same content meanwhile."""
    while True:
        if found := _find(uploads, digest):
            return found
        folder = _free(uploads, stem)
        try:
            os.rename(source, folder)
        except OSError:
            # the name was taken between the look and the move
            if not folder.exists():
                raise
