"""Names inside an archive: which are accepted, and their names on this machine."""

import codecs
import locale
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, field

from rft_core.errors import printable
from rft_core.files.images import is_image_name
from rft_core.files.layout.names import is_junk, is_system, suffix_of

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
RESERVED = frozenset(
    {
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
    }
)
NO_IMAGE = "not read as an image"
ROUNDABOUT = "its name leads out of the folder"
BACKSLASH = "its name has a backslash"
UTF8_FLAG = 0x800
LONGEST_PART, LONGEST_NAME, DEEPEST = 180, 600, 16
# the rest (bzip2, LZMA) are rare, and an LZMA header may ask for gigabytes of memory
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def check_member(member: zipfile.ZipInfo) -> None:
    """Raise ValueError with the reason for a member that is not a plain file, or is packed in a
    way that is not read.
    """
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise ValueError("a link" if kind == stat.S_IFLNK else "a special file")
    if member.flag_bits & 0x1:
        raise ValueError("it is encrypted")
    if member.compress_type not in METHODS:
        raise ValueError("it is compressed in a way other than deflate")


def member_name(member: zipfile.ZipInfo) -> tuple[str, str]:
    """Return the name of a member, and how it was decoded where the archive does not say how:
    "UTF-8", or a code page.

    UTF-8 is tried first: macOS and many programs write it without saying so. Then comes this
    machine's own code page.
    """
    name = member.orig_filename
    if member.flag_bits & UTF8_FLAG or name.isascii():
        return name, ""
    # what zipfile takes such names for; every byte has a letter there
    raw = name.encode("cp437")
    if text := _unicode_path(member.extra, raw):
        return text, ""
    for page in ("utf-8", local_code_page()):
        try:
            return raw.decode(page), page.upper() if page == "utf-8" else page
        except UnicodeDecodeError:
            continue
    return name, "cp437"


def local_code_page() -> str:
    """Return the code page in which programs of this machine write names: that of its locale, else
    that of the first zips.
    """
    for page in ("oem", locale.getencoding()):
        try:
            code_page = codecs.lookup(page).name
        except LookupError:
            continue
        if code_page not in ("utf-8", "ascii"):
            return code_page
    return "cp437"


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Return the name in the entry 0x7075 of a member's extra field; '' where there is no such
    entry, or it belongs to another name.
    """
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        content, extra = extra[4 : 4 + size], extra[4 + size :]
        if (
            kind == 0x7075
            and len(content) > 5
            and content[0] == 1
            and content[1:5] == zlib.crc32(raw).to_bytes(4, "little")
        ):
            return content[5:].decode("utf-8", "replace")
    return ""


def plain_parts(name: str) -> tuple[str, ...]:
    """Return the parts of `name` where it is a plain path of a file below a folder; raises
    ValueError with the reason otherwise.
    """
    parts = tuple(name.split("/"))
    if re.match(r"[A-Za-z]:", name) or not {"", ".", ".."}.isdisjoint(parts):
        raise ValueError(ROUNDABOUT)
    _check_shown(name)
    _check_length(parts)
    return parts


def member_parts(name: str) -> tuple[str, ...] | None:
    """Return the parts of the path `name` of an image inside an archive; None for what is skipped
    silently (folders, hidden files, what macOS and Windows add). Raises ValueError with the reason
    for a name that is refused.
    """
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
        raise ValueError(ROUNDABOUT)
    if "\\" in name:
        raise ValueError(BACKSLASH)
    parts = tuple(
        unicodedata.normalize("NFC", part) for part in name.split("/") if part not in ("", ".")
    )
    if not parts or name.endswith("/") or any(map(is_junk, parts)):
        return None
    _check_shown(name)
    _check_length(parts)
    if parts[-1].lower().endswith(ARCHIVES):
        raise ValueError("an archive inside the archive")
    if not is_image_name(parts[-1]):
        raise ValueError(f"{NO_IMAGE} ({suffix_of(parts[-1]) or 'no suffix'})")
    return parts


def is_hidden_image(name: str) -> bool:
    """Return whether `name` is that of an image which a person hid, by a dot in front of
    its name or a folder's.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    is_hidden = any(part.startswith(".") for part in parts) and not any(map(is_system, parts))
    return is_hidden and not name.endswith("/") and is_image_name(parts[-1])


def _check_shown(name: str) -> None:
    if "\\" in name:
        raise ValueError(BACKSLASH)
    if any(map(_does_not_show, name)):
        raise ValueError("its name has characters that do not show")


def _check_length(parts: tuple[str, ...]) -> None:
    if (
        len(parts) > DEEPEST
        or len("/".join(parts).encode()) > LONGEST_NAME
        or any(len(part.encode()) > LONGEST_PART for part in parts)
    ):
        raise ValueError("its name is too long")


@dataclass
class NamePlan:
    """The names given so far in one folder, so that no two files or folders collide on systems
    that ignore case or odd characters.
    """

    # key: the path as such a system compares it; value: the member's own path, and
    # whether it is a file
    given: dict[tuple[str, ...], tuple[tuple[str, ...], bool]] = field(default_factory=dict)

    def claim(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return the path on this machine for the member `parts`; raises ValueError when something
        else, or the same, is there.
        """
        safe = tuple(map(safe_name, parts))
        claims = {}
        for depth in range(1, len(safe) + 1):
            key, own = (
                tuple(part.casefold() for part in safe[:depth]),
                (parts[:depth], depth == len(parts)),
            )
            taken = self.given.get(key, own)
            if taken != own:
                raise ValueError(
                    f"its name meets '{printable('/'.join(taken[0]))}', which is another file or"
                    " folder"
                )
            claims[key] = own
        if key in self.given:
            raise ValueError("its name is there twice")
        self.given.update(claims)
        return safe


def safe_name(part: str) -> str:
    """Return `part` as a file name that every system takes; never empty, hidden
    or more than one part.
    """
    part = unicodedata.normalize("NFC", part)
    part = "".join(
        "_" if letter in '<>:"/\\|?*' or _does_not_show(letter) else letter for letter in part
    )
    part = part.strip(". ").encode()[:LONGEST_PART].decode(errors="ignore") or "_"
    return f"_{part}" if part.split(".")[0].strip().lower() in RESERVED else part


def _does_not_show(letter: str) -> bool:
    """Whether a letter is invisible or changes how others are shown: controls, line ends, marks
    that turn the direction of writing, lone surrogates.
    """
    return unicodedata.category(letter)[0] == "C" or unicodedata.category(letter) in ("Zl", "Zp")
