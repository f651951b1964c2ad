"""rft_core.files.uploads: a zip becomes a folder of images, and a hostile one becomes less."""

import errno
import io
import os
import stat
import threading
import time
import zipfile

import pytest

from rft_core.errors import DataError, UnknownNameError
from rft_core.files import unpacking, uploads
from rft_core.files.uploads import Limits, Upload, list_uploads, remove_upload, unpack
from tests.zips import good, info, packed, png


@pytest.fixture
def put(home):
    """Unpack members into the home."""
    return lambda members, name="photos.zip", **limits: unpack(
        io.BytesIO(packed(members)), name, home, Limits(**limits)
    )


def files(upload: Upload) -> list[str]:
    return sorted(
        path.relative_to(upload.folder).as_posix()
        for path in upload.folder.rglob("*")
        if path.is_file() and path.name != uploads.RECORD
    )


GOOD = ["cat/0.png", "cat/1.png", "cat/2.png", "dog/0.png", "dog/1.png", "dog/2.png"]


def test_one_folder_around_everything_is_taken_off(put, home):
    upload = put(good())
    assert upload.folder == home.uploads / "photos"
    assert (upload.kept, upload.skipped) == (6, ())
    assert files(upload) == GOOD
    assert (upload.folder / "dog/1.png").read_bytes() == png(201)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (good(""), GOOD),
        (good("a/b/c/"), GOOD),
        ([("cat/0.png", png()), ("cat/1.png", png())], ["cat/0.png", "cat/1.png"]),
        ([("a/cat/0.png", png())], ["cat/0.png"]),
        ([("0.png", png())], ["0.png"]),
        (
            [("set/train/cat/0.png", png()), ("set/test/cat/0.png", png())],
            ["test/cat/0.png", "train/cat/0.png"],
        ),
        # the second folder at the top holds nothing that stays
        ([*good(), ("notes/readme.png", b"x")], GOOD),
    ],
)
def test_folders_around(put, members, expected):
    assert files(put(members)) == expected


def test_a_path_does_as_well_as_a_stream(tmp_path, home):
    path = tmp_path / "My photos.zip"
    path.write_bytes(packed(good()))
    assert unpack(path, path.name, home).folder.name == "My photos"
    stream = io.BytesIO(path.read_bytes())
    stream.read(100)
    assert unpack(stream, path.name, home).kept == 6


def test_the_same_content_gives_the_same_folder_again(put, home):
    first = put([*good(), ("x.txt", b"x")])
    assert put([*good(), ("x.txt", b"x")]) == first
    assert put([*good(), ("x.txt", b"x")], name="other.zip") == first
    assert len(list_uploads(home)) == 1


def test_other_content_gets_a_number(put, home):
    folders = [put(good(count=count)).folder.name for count in (1, 2, 3)]
    assert folders == ["photos", "photos-2", "photos-3"]
    remove_upload(home, "photos-2")
    assert put(good(count=3)).folder.name == "photos-3"
    assert put(good(count=4)).folder.name == "photos-2"


def test_a_persons_own_folder_is_not_touched(put, home):
    (home.uploads / "photos").mkdir(parents=True)
    (home.uploads / "photos" / "mine.txt").write_text("mine")
    assert put(good()).folder.name == "photos-2"
    assert os.listdir(home.uploads / "photos") == ["mine.txt"]


def test_list_and_remove(put, home):
    assert list_uploads(home) == []
    put(good(), name="b.zip")
    put(good(count=1), name="a.zip")
    (home.uploads / ".half").mkdir()
    assert [path.name for path in list_uploads(home)] == ["a", "b"]
    remove_upload(home, "a")
    assert [path.name for path in list_uploads(home)] == ["b"]


@pytest.mark.parametrize("name", ["gone", "..", ".", "", "../datasets", ".half", "/", "b/cat"])
def test_only_an_upload_is_removed(put, home, name):
    put(good(), name="b.zip")
    (home.uploads / ".half").mkdir()
    with pytest.raises(UnknownNameError):
        remove_upload(home, name)
    assert (home.uploads / "b" / "cat").is_dir()
    assert (home.uploads / ".half").is_dir()


@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX/photos/._0.png",
        "__MACOSX/photos/0.png",
        ".DS_Store",
        "photos/.hidden/0.png",
        "photos/cat/._0.png",
        "photos/Thumbs.db",
        "photos/empty/",
    ],
)
def test_what_systems_add_is_passed_over_in_silence(put, name):
    upload = put([*good(), (name, b"" if name.endswith("/") else png())])
    assert (upload.kept, upload.skipped, files(upload)) == (6, (), GOOD)


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
    "zip as image": (info("photos/evil.png"), packed(good()), "its content is no image"),
    "text as image": (info("photos/evil.png"), b"no picture", "its content is no image"),
    "nothing as image": (info("photos/evil.png"), b"", "its content is no image"),
    "postscript as image": (
        info("photos/evil.png"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "its content is no image",
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


def test_a_link_among_uploads_is_none(put, home, tmp_path):
    put(good())
    (tmp_path / "mine").mkdir()
    (home.uploads / "linked").symlink_to(tmp_path / "mine")
    assert list_uploads(home) == [home.uploads / "photos"]
    with pytest.raises(UnknownNameError):
        remove_upload(home, "linked")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("photos.zip", "photos"),
        ("a b ü.zip", "a b ü"),
        ("../../etc/passwd.zip", "passwd"),
        ("..\\x.zip", "x"),
        ("/.zip", "zip"),
        ("...zip", "_"),
        ("", "_"),
        ("con.zip", "_con"),
        ("NUL.x.zip", "_NUL.x"),
        ("a\n\u202eb.zip", "a__b"),
        (".hidden.zip", "hidden"),
        ("x" * 300 + ".zip", "x" * 180),
        ('a<>:"|?*.zip', "a_______"),
    ],
)
def test_the_folders_name_is_made_safe(put, home, name, folder):
    assert put(good(), name=name).folder == home.uploads / folder


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("photos/who?/1.png", "who_/1.png"),
        ("photos/con/1.png", "_con/1.png"),
        ("photos/a:b/1.png", "a_b/1.png"),
    ],
)
def test_names_that_other_systems_refuse_are_changed(put, name, kept):
    assert kept in files(put([*good(), (name, png())]))


def test_names_that_would_become_one_folder_stay_apart(put):
    """Two classes must never be mixed."""
    upload = put([*good(), ("photos/who?/1.png", png()), ("photos/who*/2.png", png())])
    assert "who_/1.png" in files(upload)
    assert upload.skipped == (
        "photos/who*/2.png: its name meets 'photos/who?', which is another file or folder",
    )


def test_a_space_of_another_width_is_a_space(put):
    """macOS writes one into the names of screenshots."""
    assert "cat/at 3\u202fPM.png" in files(put([*good(), ("photos/cat/at 3\u202fPM.png", png())]))


def test_composed_and_decomposed_letters_are_the_same(put):
    upload = put([*good(), ("photos/u\u0308/1.png", png()), ("photos/\u00fc/2.png", png())])
    assert {"ü/1.png", "ü/2.png"} <= set(files(upload))


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
        (packed([("a.png", b"x")]), "a.png: its content is no image"),
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


def test_an_upload_that_was_killed_is_removed_a_day_later(put, home):
    old = home.uploads / ".photos-gone"
    (old / "cat").mkdir(parents=True)
    past = time.time() - 25 * 3600
    os.utime(old / "cat", (past, past))
    os.utime(old, (past, past))
    put(good())
    assert not old.exists()


def test_many_reasons_are_counted(put):
    upload = put([*good(), *((f"{index}.txt", b"x") for index in range(300))])
    assert (len(upload.skipped), upload.left_out) == (201, 300)
    assert upload.skipped[-1] == "and 100 more"


def test_two_at_once(home):
    content, results = packed(good(count=50)), []
    work = [
        threading.Thread(
            target=lambda: results.append(unpack(io.BytesIO(content), "photos.zip", home))
        )
        for _ in range(4)
    ]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert len(results) == 4
    assert all(one == results[0] for one in results)
    assert [path.name for path in home.uploads.glob("*")] == ["photos"]
