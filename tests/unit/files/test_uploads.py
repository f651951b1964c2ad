"""rft_core.files.uploads: a zip becomes a folder of images, and a hostile one becomes less."""

import io
import os
import threading
import time

import pytest

from rft_core.errors import UnknownNameError
from rft_core.files import uploads
from rft_core.files.uploads import list_uploads, remove_upload, unpack
from tests.unit.files.uploading import GOOD, files
from tests.zips import good, packed, png


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


def test_an_upload_that_was_killed_is_removed_a_day_later(put, home):
    old = home.uploads / ".photos-gone"
    (old / "cat").mkdir(parents=True)
    past = time.time() - 25 * 3600
    os.utime(old / "cat", (past, past))
    os.utime(old, (past, past))
    put(good())
    assert not old.exists()


def test_uploads_of_one_content_at_once_give_one_folder(home, monkeypatch):
    content, results = packed(good(count=50)), []
    find = uploads._find

    def slow_find(folder, digest):
        found = find(folder, digest)
        # all threads have looked before the first has moved its folder
        time.sleep(0.2)
        return found

    monkeypatch.setattr(uploads, "_find", slow_find)
    threads = [
        threading.Thread(
            target=lambda: results.append(unpack(io.BytesIO(content), "photos.zip", home))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(upload == results[0] for upload in results)
    assert [path.name for path in home.uploads.glob("*")] == ["photos"]
