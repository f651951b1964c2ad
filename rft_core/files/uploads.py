"""Uploaded archives: a zip of images becomes a folder below the home's uploads, and nothing
else of it is ever written.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from filelock import FileLock

from rft_core.errors import DataError, UnknownNameError
from rft_core.files.archive_names import (
    is_hidden_image,
    member_name,
    member_parts,
    printable,
    safe_name,
)
from rft_core.files.atomic import atomic_folder, write_json
from rft_core.files.home import Home
from rft_core.files.layout import LayoutQuestion, Reading, check_classes_of, read_folder, read_names
from rft_core.files.unpacking import Limits, Unpacking, opened, opened_zip

RECORD = ".upload.json"


@dataclass(frozen=True)
class Upload:
    """An unpacked archive: its folder, how many images it holds, a line for each file that was left
    out (the first 200), how many those are, and notes on all of them.
    """

    folder: Path
    kept: int
    skipped: tuple[str, ...]
    left_out: int = 0
    notes: tuple[str, ...] = ()


def unpack(archive: Path | BinaryIO, name: str, home: Home, limits: Limits | None = None) -> Upload:
    """Return the folder of the zip `archive`, called after `name` ("photos.zip"); the same content
    gives the same folder again.

    Files that are not images, or are refused (see `member_parts` and Limits), are left out
    with a line each. One folder around everything is taken off. A stream must be able to
    seek. Raises DataError for anything that is not a zip, holds no image, or is more than
    `limits` allow; then nothing of it remains.
    """
    with opened(archive, name) as file:
        # every binary stream has readinto, which typing.BinaryIO does not declare
        digest = hashlib.file_digest(cast(BytesIO, file), "sha256").hexdigest()
        stem = safe_name(Path(name.replace("\\", "/")).stem)
        if found := _find(home.uploads, digest):
            return found
        try:
            with atomic_folder(home.uploads / stem) as temporary:
                source = _unpack_into(temporary, file, name, digest, limits or Limits())
                # two uploads of one content must not both see that it is not there
                with FileLock(home.root / "uploads.lock"):
                    return _move_in(source, home.uploads, stem, digest)
        except OSError as error:
            raise DataError(
                f"{printable(name)} cannot be unpacked below {home.uploads}"
                f" ({error.strerror or error}); make room there, or check who may write"
            ) from None


def unpack_dataset(archive: Path | BinaryIO, name: str, home: Home) -> Upload:
    """Return the folder of the zip `archive` as `unpack` does, checked as a dataset.

    Raises DataError where a run on it would fail, and then removes what it has unpacked; folders
    that may be read in two ways remain, because a setting decides.
    """
    before = set(list_uploads(home))
    upload = unpack(archive, name, home)
    try:
        check_classes_of(read_folder(upload.folder, title=printable(name)), printable(name))
    except LayoutQuestion:
        return upload
    except DataError:
        if upload.folder not in before:
            shutil.rmtree(upload.folder)
        raise
    return upload


def is_zip(path: Path) -> bool:
    """Return whether `path` is a file that is called a zip."""
    return path.is_file() and path.suffix.lower() == ".zip"


def read_zip(path: Path, layout: str = "auto", domains: Sequence[str] = ()) -> Reading:
    """Return what the zip at `path` would be as a dataset, by the names in it; nothing is unpacked.

    Raises as `read_folder` does, and for anything that is not a zip.
    """
    names = []
    with opened(path, path.name) as file, opened_zip(file, path.name) as archive:
        for member in archive.infolist():
            # a refusal is reported once it is unpacked
            with suppress(ValueError):
                name, _ = member_name(member)
                parts = tuple(name.split("/")) if is_hidden_image(name) else member_parts(name)
                names += [parts] if parts else []
    return read_names(names, path.name, layout, domains)


def unpacking_lines(folder: Path) -> tuple[str, ...]:
    """Return what was left out of the archive that `folder` was unpacked from, and how its names
    were read; none for other folders.
    """
    try:
        notes = json.loads((folder / RECORD).read_text(encoding="utf-8"))["notes"]
        return tuple(_one_line(str(note)) for note in notes)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def list_uploads(home: Home) -> list[Path]:
    """Return the folders of all uploads, by name."""
    return sorted(
        path for path in home.uploads.glob("[!.]*") if path.is_dir() and not path.is_symlink()
    )


def remove_upload(home: Home, name: str) -> None:
    """Remove the upload `name` and its images; a name that is not among the uploads
    raises UnknownNameError.
    """
    folders = {path.name: path for path in list_uploads(home)}
    if name not in folders:
        raise UnknownNameError("upload", name, list(folders))
    shutil.rmtree(folders[name])


def _unpack_into(
    temporary: Path,
    file: BinaryIO,
    name: str,
    digest: str,
    limits: Limits,
) -> Path:
    """Unpack `file` and return the folder of its images, with its record, inside `temporary`."""
    size = file.seek(0, os.SEEK_END)
    with opened_zip(file, name) as archive:
        work = Unpacking(archive, temporary, size, limits, name)
        work.run()
    _remove_empty(temporary)
    if not work.kept:
        first = f"; the first file left out: {work.skipped[0]}" if work.skipped else ""
        raise DataError(f"{printable(name)} holds no image that can be used{first}")
    source = _unwrapped(temporary)
    record = {
        "digest": digest,
        "kept": work.kept,
        "skipped": work.lines(),
        "left_out": work.left_out,
        "notes": work.notes(),
    }
    write_json(source / RECORD, record)
    return source


def _remove_empty(root: Path) -> None:
    """Remove folders whose every file was left out."""
    for folder, _, _ in os.walk(root, topdown=False):
        if folder != str(root) and not os.listdir(folder):
            os.rmdir(folder)


def _unwrapped(folder: Path) -> Path:
    """Return the folder inside single folders around everything; one that holds images itself
    is a class, and stays.
    """
    while True:
        entries = list(folder.iterdir())
        if (
            len(entries) != 1
            or not entries[0].is_dir()
            or any(path.is_file() for path in entries[0].iterdir())
        ):
            return folder
        folder = entries[0]


def _find(uploads: Path, digest: str) -> Upload | None:
    return next(
        (
            found
            for folder in sorted(uploads.glob("[!.]*"))
            if (found := _read_record(folder, digest))
        ),
        None,
    )


def _free(uploads: Path, stem: str) -> Path:
    """Return the first of photos, photos-2, photos-3 ... that is not there."""
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(folder for folder in (uploads / name for name in names) if not folder.exists())


def _read_record(folder: Path, digest: str) -> Upload | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["digest"] != digest:
            return None
        return Upload(
            folder,
            record["kept"],
            tuple(record["skipped"]),
            record["left_out"],
            tuple(record.get("notes", ())),
        )
    # a folder without a whole record is another upload's, or a person's
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _move_in(source: Path, uploads: Path, stem: str, digest: str) -> Upload:
    """Move `source` to the first free name, unless the same content came in meanwhile; only one
    process may do so at a time.
    """
    while True:
        if found := _find(uploads, digest):
            return found
        folder = _free(uploads, stem)
        try:
            os.rename(source, folder)
        except OSError:
            # the name was taken between the check and the move
            if not folder.exists():
                raise
