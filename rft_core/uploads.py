"""Archives of images that a user uploads (stand-in)."""

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rft_core.errors import DataError
from rft_core.home import Home


@dataclass(frozen=True)
class Upload:
    """What became of an archive."""

    folder: Path
    kept: int
    skipped: tuple[str, ...]


def unpack(archive: Path | BinaryIO, name: str, home: Home) -> Upload:
    """Unpack the images of a zip into the home."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [one for one in opened.infolist() if not one.is_dir() and ".." not in one.filename]
            good = [one for one in members if one.filename.lower().endswith((".jpg", ".png"))]
            folder = home.uploads / Path(name).stem
            for one in good:
                place = folder.joinpath(*Path(one.filename).parts)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(opened.read(one))
    except zipfile.BadZipFile:
        raise DataError(f"{name} is not a zip; pack the folder of images as a zip") from None
    if not good:
        raise DataError(f"{name} holds no image; pack the folder of images as a zip")
    wrapping = list(folder.iterdir())
    if len(wrapping) == 1 and not any(one.is_file() for one in wrapping[0].iterdir()):
        for child in list(wrapping[0].iterdir()):
            shutil.move(child, folder / child.name)
        wrapping[0].rmdir()
    return Upload(folder, len(good), tuple(f"{one.filename}: not an image" for one in members if one not in good))


def list_uploads(home: Home) -> list[Path]:
    """Return the folders of the uploads."""
    return sorted(home.uploads.iterdir()) if home.uploads.is_dir() else []


def remove_upload(home: Home, name: str) -> None:
    """Remove one upload."""
    shutil.rmtree(home.uploads / name, ignore_errors=True)
