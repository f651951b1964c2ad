"""An incoming bundle is an untrusted file: everything is checked against its manifest before it
is used.

Another format or version, names that lead elsewhere, links, files that the manifest does not
have, sizes out of proportion, bytes with another checksum, and files that can only be unpickled
are refused.
"""

import hashlib
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from rft_core.bundles.contents import (
    CHUNK,
    FILES,
    FORMAT,
    HEAD,
    MANIFEST,
    RUN_ID,
    VERSION,
    FileRow,
    Manifest,
    is_pickle,
)
from rft_core.errors import BundleError
from rft_core.files.archive_names import check_member, printable
from rft_core.files.run_files import travels
from rft_core.files.uploads import Limits

LARGEST_MANIFEST = 256 * 2**20
BUNDLE_LIMITS = Limits(files=2_000_000, file_bytes=64 * 2**30, total_bytes=1024 * 2**30)
# left free after an import, so that the runs at work can go on
SPARE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Bundle:
    """An opened bundle whose manifest and list of members agree; its bytes are not checked yet."""

    name: str
    archive: zipfile.ZipFile
    manifest: Manifest
    size: int

    @property
    def total(self) -> int:
        """Bytes of all files, as the manifest says."""
        return sum(row.size for row in self.manifest.files)

    def refuse(self, reason: str) -> BundleError:
        """Return the error that names this bundle and `reason`."""
        return BundleError(
            f"{printable(self.name)} cannot be imported: {reason}; nothing was changed"
        )


@contextmanager
def opened(file: Path | BinaryIO, name: str, limits: Limits = BUNDLE_LIMITS) -> Iterator[Bundle]:
    """Yield the bundle in `file`, a path or a stream that can seek, called `name` in messages;
    raises BundleError for a bundle that is refused.
    """
    with _stream(file, name) as stream:
        size = stream.seek(0, os.SEEK_END)
        with _zip(stream, name) as archive:
            bundle = Bundle(name, archive, _manifest(archive, name), size)
            _check_members(bundle)
            _check_locations(bundle)
            _check_sizes(bundle, limits)
            yield bundle


@contextmanager
def _stream(file: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    if not isinstance(file, (str, os.PathLike)):
        yield file
        return
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(open(file, "rb"))
        except OSError as error:
            raise BundleError(
                f"{printable(name)} cannot be read ({error.strerror}); give the file that `export"
                " --bundle` wrote"
            ) from None
        yield stream


def unpack(bundle: Bundle, folder: Path) -> None:
    """Write every file below the empty `folder`, checking each byte against the manifest; raises
    BundleError at the first that differs.
    """
    free = shutil.disk_usage(folder).free
    if bundle.total + SPARE_BYTES > free:
        raise bundle.refuse(
            f"it needs {bundle.total:,} bytes and {free:,} are free in {folder.parent}; make room"
            " there"
        )
    for row in bundle.manifest.files:
        target = folder / row.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as file:
                _copy(bundle, row, file)
        except (FileExistsError, NotADirectoryError):
            raise bundle.refuse(f"the name of {printable(row.path)} meets another file's") from None


def _copy(bundle: Bundle, row: FileRow, target: BinaryIO) -> None:
    digest, size, shown = hashlib.sha256(), 0, printable(row.path)
    for chunk in _chunks(bundle, row):
        if size == 0 and is_pickle(row.path, chunk[:HEAD]):
            raise bundle.refuse(
                f"{shown} can only be read by unpickling it, which could run anything"
            )
        size += len(chunk)
        if size > row.size:
            raise bundle.refuse(f"{shown} is larger than the manifest says, {row.size:,} bytes")
        digest.update(chunk)
        target.write(chunk)
    if size != row.size:
        raise bundle.refuse(f"{shown} is cut off: {size:,} of {row.size:,} bytes")
    if digest.hexdigest() != row.sha256:
        raise bundle.refuse(f"{shown} has another checksum than the manifest says")


def _chunks(bundle: Bundle, row: FileRow) -> Iterator[bytes]:
    try:
        with bundle.archive.open(row.path) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    # zipfile and zlib raise many types on a damaged member, and each means the same here
    except Exception as error:
        raise bundle.refuse(f"{printable(row.path)} is damaged ({type(error).__name__})") from None


@contextmanager
def _zip(stream: BinaryIO, name: str) -> Iterator[zipfile.ZipFile]:
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    # a damaged directory raises many types, each meaning the same here
    except Exception as error:
        raise BundleError(
            f"{printable(name)} is not a bundle: it is not a zip, or a damaged or cut-off one"
            f" ({printable(str(error))}); copy the file again"
        ) from None
    with archive:
        yield archive


def _manifest(archive: zipfile.ZipFile, name: str) -> Manifest:
    try:
        with archive.open(MANIFEST) as stream:
            text = stream.read(LARGEST_MANIFEST + 1)
        if len(text) > LARGEST_MANIFEST:
            raise BundleError(
                f"{printable(name)} cannot be imported: its manifest is larger than"
                f" {LARGEST_MANIFEST:,} bytes; nothing was changed"
            )
        manifest = Manifest.model_validate_json(text)
    except KeyError:
        raise BundleError(
            f"{printable(name)} is not a bundle: it holds no {MANIFEST}; give a file that `export"
            " --bundle` or `export --home` wrote"
        ) from None
    except ValidationError as error:
        raise BundleError(
            f"{printable(name)} cannot be imported: its manifest is wrong: {first_mistake(error)};"
            " nothing was changed"
        ) from None
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(
            f"{printable(name)} cannot be imported: its manifest is damaged"
            f" ({type(error).__name__}); copy the file again"
        ) from None
    if manifest.format != FORMAT or manifest.version != VERSION:
        raise BundleError(
            f"{printable(name)} is of format {printable(manifest.format)} {manifest.version}, this"
            f" program reads {FORMAT} {VERSION}; import it with the version of RFT Lab that wrote"
            " it, or update this one"
        )
    return manifest


def first_mistake(error: ValidationError) -> str:
    """Return the location and the message of the first mistake, as one printable line."""
    first = error.errors(include_url=False, include_context=False)[0]
    return printable(f"{'.'.join(map(str, first['loc'])) or 'the document'}: {first['msg']}")


def _check_members(bundle: Bundle) -> None:
    """Check that every member is a plain file, occurs once and is in the manifest, and that every
    file of the manifest is a member.
    """
    listed = Counter(row.path for row in bundle.manifest.files)
    found = Counter(member.orig_filename for member in bundle.archive.infolist())
    found.subtract([MANIFEST])
    for member in bundle.archive.infolist():
        try:
            check_member(member)
        except ValueError as reason:
            raise bundle.refuse(f"{printable(member.orig_filename)}: {reason}") from None
    for path in [*listed, *found]:
        if found[path] > listed[path]:
            raise bundle.refuse(f"{printable(path)} is not in its manifest, or there twice")
        if listed[path] > 1 or found[path] < listed[path]:
            raise bundle.refuse(
                f"its manifest names {printable(path)}, which is not there, or names it twice"
            )


def _check_locations(bundle: Bundle) -> None:
    """Check that every file is where a bundle of this kind has it."""
    roots = ("runs", "datasets", "weights") if bundle.manifest.kind == "home" else ("runs",)
    for row in bundle.manifest.files:
        root, *rest = row.path.split("/")
        is_stray = (
            root not in roots
            or not rest
            or root == "runs"
            and (not RUN_ID.fullmatch(rest[0]) or len(rest) < 2)
        )
        if is_stray or (root, rest[0]) == ("datasets", "decoded"):
            raise bundle.refuse(
                f"{printable(row.path)} has no place in a bundle of kind {bundle.manifest.kind}"
            )
        if root == "runs" and rest[1] == FILES and not travels("/".join(rest[2:])):
            raise bundle.refuse(
                f"{printable(row.path)} names a process or a limit of another machine"
            )


def _check_sizes(bundle: Bundle, limits: Limits) -> None:
    most = min(limits.total_bytes, limits.slack_bytes + limits.ratio * bundle.size)
    if len(bundle.manifest.files) > limits.files:
        raise bundle.refuse(
            f"it holds {len(bundle.manifest.files):,} files, and {limits.files:,} may be in one"
        )
    for row in bundle.manifest.files:
        if row.size > limits.file_bytes:
            raise bundle.refuse(
                f"{printable(row.path)} unpacks to {row.size:,} bytes, and {limits.file_bytes:,}"
                " may be in one file"
            )
    if bundle.total > most:
        raise bundle.refuse(
            f"it unpacks to {bundle.total:,} bytes, and {most:,} are in proportion to its own"
            f" {bundle.size:,}"
        )
