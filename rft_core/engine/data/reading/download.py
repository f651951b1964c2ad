"""Fetch a file over HTTP, resuming a broken download, and unpack it completely or not at all.

A download grows as NAME.part and gets its name only when it is complete and its checksum is right,
so that half a file is never used.
"""

import gzip
import hashlib
import shutil
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rft_core.errors import DataError

TIMEOUT_SECONDS, PAUSE_SECONDS, NOTIFY_SECONDS = 20.0, 1.0, 2.0
TRIES = 5
PIECE = 2**20
MEGABYTE = 10**6
PARTIAL, UNSATISFIABLE = 206, 416
DAMAGE = (EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile)


def fetch(url: str, target: Path, *, md5: str | None, notify: Callable[[str], None]) -> None:
    """Download `url` to `target`; an interrupted download is resumed (HTTP Range), also by a later
    process.

    Raises ConnectionError with the reason if the address cannot be reached or the connection is
    lost for good, and DataError if the file does not have the checksum `md5`, or the disk has no
    room for it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    resumed = part.exists()
    _transfer(url, part, notify)
    if md5 and not has_checksum(part, md5) and resumed:
        # the part that was here may be the beginning of another version of the file
        part.unlink()
        _transfer(url, part, notify)
    if md5 and not has_checksum(part, md5):
        part.unlink()
        raise DataError(
            f"{url} gave a file whose checksum is wrong (md5 should be {md5}), and it was removed;"
            " the file there was changed"
        )
    part.replace(target)


def has_checksum(path: Path, md5: str) -> bool:
    """Return whether the file's MD5 is `md5` (hexadecimal)."""
    with path.open("rb") as file:
        return (
            hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5
        )


def _transfer(url: str, part: Path, notify: Callable[[str], None]) -> None:
    """Download the rest of `part`; after a failure try again as long as something has arrived."""
    arrived = failures = 0
    report = _Progress(part.stem, notify)
    while True:
        before = _size(part)
        try:
            return _once(url, part, report)
        except (OSError, HTTPException) as error:
            arrived += max(0, _size(part) - before)
            failures = 1 if _size(part) > before else failures + 1
            if not arrived or failures == TRIES:
                raise ConnectionError(_reason(error)) from error
            time.sleep(PAUSE_SECONDS * failures)


def _once(url: str, part: Path, report: "_Progress") -> None:
    present = _size(part)
    request = Request(
        url, headers={"User-Agent": "rft-lab"} | ({"Range": f"bytes={present}-"} if present else {})
    )
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            _append(response, part, present if _continues(response, present) else 0, report)
    except HTTPError as error:
        if error.code != UNSATISFIABLE or not present:
            raise
        # the server has nothing after this part: either it is complete, or it belongs to another
        # file
        if (error.headers.get("Content-Range") or "").rpartition("/")[2] != str(present):
            part.unlink()
            _once(url, part, report)


def _continues(response: HTTPResponse, present: int) -> bool:
    return response.status == PARTIAL and (response.headers.get("Content-Range") or "").startswith(
        f"bytes {present}-"
    )


def _append(response: HTTPResponse, part: Path, present: int, report: "_Progress") -> None:
    length = response.headers.get("Content-Length")
    total = present + int(length) if length else None
    if total and shutil.disk_usage(part.parent).free < 2 * total - present:
        raise DataError(
            f"{part.parent} needs {2 * total // MEGABYTE:,} MB for {part.stem} and its content, and"
            " has less; make room, or move RFT_HOME"
        )
    with part.open("ab" if present else "wb") as file:
        while piece := response.read1(PIECE):
            file.write(piece)
            report(file.tell(), total)
    if total and _size(part) < total:
        raise ConnectionError(
            f"the connection broke off after {_size(part) // MEGABYTE:,} of"
            f" {total // MEGABYTE:,} MB"
        )


class _Progress:
    """Reports how far a download is, at most every two seconds."""

    def __init__(self, name: str, notify: Callable[[str], None]):
        self.name, self.notify, self.last = name, notify, time.monotonic()

    def __call__(self, present: int, total: int | None) -> None:
        if time.monotonic() - self.last >= NOTIFY_SECONDS:
            self.last = time.monotonic()
            self.notify(
                f"downloading {self.name}: {present // MEGABYTE:,}"
                + (f" of {total // MEGABYTE:,} MB" if total else " MB")
            )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return (
        f"{error.code} {error.reason}"
        if isinstance(error, HTTPError)
        else str(reason) or type(reason).__name__
    )


def unpack(archive: Path, member: str, target: Path, inner: str = "") -> None:
    """Unpack `member` (a file or folder inside a zip or tar) to `target`, completely or not at all;
    `inner` is an archive inside it.

    Raises DataError if the archive has no such member or is damaged; a damaged archive is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # on the same disk as the target, so that the last step is a rename
    scratch = target.parent / f".unpacking-{target.name}"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        _extract(archive, scratch)
        if inner:
            _extract(scratch / inner, scratch)
        if not (scratch / member).exists():
            raise DataError(
                f"{archive} holds no '{member}', so it is not the archive that was expected;"
                " remove it"
            )
        (scratch / member).replace(target)
    except DAMAGE as error:
        with suppress(OSError):
            archive.unlink()
        raise DataError(
            f"{archive.name} is damaged ({error}) and was removed; run again to fetch it again"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _extract(archive: Path, scratch: Path) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            return opened.extractall(scratch)
    if archive.suffix in (".gz", ".tgz"):
        # tarfile stops at the last member and would miss the checksum after it
        with gzip.open(archive) as stream:
            while stream.read(PIECE):
                pass
    with tarfile.open(archive) as opened:
        return opened.extractall(scratch, filter="data")
