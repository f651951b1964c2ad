"""rft_core.files.uploads: what is refused, and that a refusal takes nothing else along."""

import errno
import io
import stat
import zipfile

import pytest

from rft_core.errors import DataError
from rft_core.files import unpacking
from rft_core.files.uploads import unpack
from tests.unit.files.uploading import GOOD, files
from tests.zips import good, info, packed, png

LINK, PIPE, DEVICE = stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644
REFUSED = {
    "../evil.png": (info("../evil.png"), png(), "leads out of the folder"),
    "inner ..": (info("photos/../../evil.png"), png(), "leads out of the folder"),
    "hidden behind ..": (info("photos/../.evil.png"), png(), "leads out of the folder"),
    "absolute": (info("/evil.png"), png(), "leads out of the folder"),
    "drive": (info("C:/evil.png"), png(), "leads out of the folder"),
    "drive, relative": (info("c:evil.png"), png(), "leads out of the folder"),
    "backslash and ..": (info("..\\evil.png"), png(), "leads out of the folder"),
    "backslash": (info("photos\\evil.png"), png(), "has a backslash"),
    "network": (info("\\\\server\\share\\evil.png"), png(), "has a backslash"),
    "link": (info("photos/evil.png", mode=LINK), b"/etc/passwd", "a link"),
    "pipe": (info("photos/evil.png", mode=PIPE), b"", "a special file"),
    "device": (info("photos/evil.png", mode=DEVICE), png(), "a special file"),
    "program": (info("photos/evil.exe"), b"MZ", "not read as an image (.exe)"),
    "pickle": (info("photos/evil.pkl"), b"\x80\x04.", "not read as an image"),
    "no suffix": (info("photos/evil"), png(), "not read as an image"),
    "zip": (info("photos/evil.zip"), packed(good()), "an archive inside the archive"),
    "tar.gz": (info("photos/evil.tar.gz"), b"x", "an archive inside the archive"),
    "zip as image": (info("photos/evil.png"), packed(good()), "its content is not an image"),
    "text as image": (info("photos/evil.png"), b"no picture", "its content is not an image"),
    "nothing as image": (info("photos/evil.png"), b"", "its content is not an image"),
    "postscript as image": (
        info("photos/evil.png"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "its content is not an image",
    ),
    "svg": (info("photos/evil.svg"), b"<svg/>", "not read as an image"),
    "line break": (info("photos/ev\nil.png"), png(), "characters that do not show"),
    "zero byte": (info("photos/evil.png\0.exe"), png(), "characters that do not show"),
    "turned writing": (info("photos/\u202egnp.evil.png"), png(), "characters that do not show"),
    "line separator": (info("photos/ev\u2028il.png"), png(), "characters that do not show"),
    "long part": (info(f"photos/{'x' * 200}.png"), png(), "too long"),
    "long in bytes": (info(f"photos/{'ü' * 100}.png"), png(), "too long"),
    "deep": (info("a/" * 20 + "evil.png"), png(), "too long"),
    "long in all": (info(f"{'x' * 100}/" * 8 + "evil.png"), png(), "too long"),
    "bzip2": (info("photos/evil.png", method=zipfile.ZIP_BZIP2), png(), "other than deflate"),
    "lzma": (info("photos/evil.png", method=zipfile.ZIP_LZMA), png(), "other than deflate"),
    "pixels": (info("photos/evil.pgm"), b"P5 20000 20000 255\n", "more than 100,000,000 pixels"),
    "twice": (info("photos/cat/0.png"), png(), "there twice"),
    "roundabout twice": (info("photos//./cat/0.png"), png(), "there twice"),
    "other case": (info("photos/cat/0.PNG"), png(), "meets 'photos/cat/0.png'"),
    "folder in other case": (info("photos/Cat/9.png"), png(), "meets 'photos/cat'"),
    "folder as a file": (info("photos/cat.png/0.png"), png(), None),
    "file as a folder": (info("photos/cat/0.png/1.png"), png(), "meets 'photos/cat/0.png'"),
    "dots at the end": (info("photos/cat./0.png"), png(), "meets 'photos/cat'"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("member", "content", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_takes_nothing_else_along(put, home, member, content, reason):
    upload = put([*good(), (member, content)])
    inside = {path.name for path in home.root.rglob("*")}
    if reason is None:
        assert upload.kept == 7
        return
    assert upload.kept == 6
    assert len(upload.skipped) == 1
    assert reason in upload.skipped[0]
    assert upload.skipped[0].isprintable()
    assert files(upload) == GOOD
    assert not any("evil" in name for name in inside)


def test_an_encrypted_member(home):
    content = bytearray(packed([*good(), ("photos/secret.png", png())]))
    # the flag, in the directory at the end
    place = content.rindex(b"PK\x01\x02")
    content[place + 8] |= 1
    upload = unpack(io.BytesIO(content), "photos.zip", home)
    assert (upload.kept, upload.skipped) == (6, ("photos/secret.png: it is encrypted",))


def test_a_damaged_member(home):
    members = good()
    content = packed(members)
    place = (
        content.index(members[2][1][:8])
        if members[2][1][:8] in content
        else content.index(b"photos/cat/2.png") + 16
    )
    upload = unpack(
        io.BytesIO(content[: place + 4] + bytes([content[place + 4] ^ 255]) + content[place + 5 :]),
        "photos.zip",
        home,
    )
    assert upload.kept == 5
    assert upload.skipped[0].startswith("photos/cat/2.png: it is damaged")


def test_a_header_that_cannot_be_read(put):
    upload = put([*good(), ("photos/cat/9.ppm", b"P6\nwide 1\n255\n\x00\x00\x00")])
    assert (upload.kept, upload.skipped) == (6, ("photos/cat/9.ppm: its header is damaged",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "photos.zip is not a zip"),
        (b"no zip at all", "photos.zip is not a zip"),
        (packed(good())[:200], "photos.zip is not a zip"),
        (packed([]), "photos.zip holds no image that can be used"),
        (
            packed([("a.txt", b"x")]),
            "holds no image that can be used; the first file left out: a.txt: not read as an image",
        ),
        (packed([("a.png", b"x")]), "a.png: its content is not an image"),
    ],
)
def test_what_is_no_upload_leaves_nothing(home, content, message):
    with pytest.raises(DataError, match=message):
        unpack(io.BytesIO(content), "photos.zip", home)
    assert list(home.uploads.glob("*")) == []


def test_a_file_that_is_not_there(home, tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        unpack(tmp_path / "gone.zip", "gone.zip", home)


def test_a_full_disk_leaves_nothing(put, home, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpacking, "_check_content", full)
    with pytest.raises(
        DataError, match=r"photos.zip cannot be unpacked below .* \(No space left on device\)"
    ):
        put(good())
    assert list(home.uploads.glob("*")) == []


def test_many_reasons_are_counted(put):
    upload = put([*good(), *((f"{index}.txt", b"x") for index in range(300))])
    assert (len(upload.skipped), upload.left_out) == (201, 300)
    assert upload.skipped[-1] == "and 100 more"
