"""rft_core.files.archive_names: names that an archive does not say the encoding of."""

import io
import struct
import zipfile
import zlib

import pytest

from rft_core.files import archive_names
from rft_core.files.archive_names import local_code_page, member_name
from rft_core.files.uploads import unpack
from tests.trees import picture


def written(raw: bytes, extra: bytes = b"", flag: int = 0) -> zipfile.ZipInfo:
    """A member as zipfile reads it, whose name holds the bytes `raw`."""
    member = zipfile.ZipInfo(raw.decode("utf-8" if flag else "cp437"))
    member.flag_bits, member.extra = flag, extra
    return member


def archive(*names: bytes) -> io.BytesIO:
    """A zip of pictures whose names hold these bytes, without the flag that says UTF-8."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for index, raw in enumerate(names):
            # a placeholder as long as the name, which no picture holds
            opened.writestr(f"{index}".rjust(len(raw), "~"), picture(f"{index}.png"))
    data = content.getvalue()
    for index, raw in enumerate(names):
        data = data.replace(f"{index}".rjust(len(raw), "~").encode(), raw)
    return io.BytesIO(data)


@pytest.mark.parametrize(("raw", "flag", "expected"), [
    (b"cat/0.png", 0, ("cat/0.png", "")),
    ("café/0.png".encode(), 0x800, ("café/0.png", "")),
    ("café/0.png".encode(), 0, ("café/0.png", "UTF-8")),
    ("猫/0.png".encode(), 0, ("猫/0.png", "UTF-8")),
    ("Äpfel/0.png".encode("cp437"), 0, ("Äpfel/0.png", "cp437")),
    ("cafe\u0301/0.png".encode(), 0, ("cafe\u0301/0.png", "UTF-8")),
])  # fmt: skip
def test_utf_8_comes_first_and_then_the_code_page(monkeypatch, raw, flag, expected):
    monkeypatch.setattr(archive_names.locale, "getencoding", lambda: "UTF-8")
    assert member_name(written(raw, flag=flag)) == expected


@pytest.mark.parametrize(
    ("page", "name"), [("cp866", "кошка/0.png"), ("cp932", "表/0.png"), ("cp1252", "Größe/0.png")]
)
def test_the_code_page_of_the_machine_is_used_where_it_has_one(monkeypatch, page, name):
    monkeypatch.setattr(archive_names.locale, "getencoding", lambda: page)
    assert local_code_page() == page
    assert member_name(written(name.encode(page))) == (name, page)


def test_an_entry_that_says_the_name_in_unicode_is_believed():
    raw = "Äpfel/0.png".encode("cp850")
    content = b"\x01" + struct.pack("<I", zlib.crc32(raw)) + "Äpfel/0.png".encode()
    extra = (
        struct.pack("<HH", 0x9999, 2) + b"xx" + struct.pack("<HH", 0x7075, len(content)) + content
    )
    assert member_name(written(raw, extra)) == ("Äpfel/0.png", "")
    # one that belongs to another name is not
    assert (
        member_name(
            written(
                b"\x8epfel/0.png", extra.replace(struct.pack("<I", zlib.crc32(raw)), b"wrong"[:4])
            )
        )[1]
        != ""
    )


@pytest.mark.parametrize("extra", [b"", b"up", b"up\xff\xff\x01", b"\x75\x70\x02\x00\x01\x02"])
def test_a_damaged_entry_is_passed_over(extra):
    assert member_name(written("café/0.png".encode(), extra)) == ("café/0.png", "UTF-8")


def test_what_was_used_is_said(home, monkeypatch):
    monkeypatch.setattr(archive_names.locale, "getencoding", lambda: "UTF-8")
    upload = unpack(
        archive("café/0.png".encode(), "thé/1.png".encode(), "Käse/2.png".encode("cp437")),
        "menu.zip",
        home,
    )
    assert sorted(path.name for path in upload.folder.iterdir() if path.is_dir()) == [
        "Käse",
        "café",
        "thé",
    ]
    assert set(upload.notes) == {
        "2 names in menu.zip do not say how they are written, and were read as UTF-8",
        "1 names in menu.zip do not say how they are written, and were read as cp437",
    }
