"""rft_core.files.uploads: bombs, measured while they are unpacked."""

import io
import struct

import pytest

from rft_core.errors import DataError
from rft_core.files.uploads import Limits, unpack
from tests.zips import good, packed, png


@pytest.fixture
def put(home):
    """Unpack members into the home, within limits."""
    return lambda members, **limits: unpack(
        io.BytesIO(packed(members)), "photos.zip", home, Limits(**limits)
    )


def test_a_file_that_grows_too_large(put):
    upload = put([*good(), ("photos/evil.bmp", bytes(200_000))], file_bytes=100_000)
    assert upload.skipped == ("photos/evil.bmp: it unpacks to more than 100,000 bytes",)


def test_a_file_out_of_proportion(put):
    upload = put([*good(), ("photos/evil.bmp", bytes(40 * 2**20))])
    assert (upload.kept, len(upload.skipped)) == (6, 1)
    assert "unpacks to more than" in upload.skipped[0]
    assert not any(path.suffix == ".bmp" for path in upload.folder.rglob("*"))


def test_a_plain_picture_is_no_bomb(put):
    """250 times smaller in the zip, and a picture all the same."""
    picture = png(size=(500, 500), kind="BMP")
    assert put([*good(), ("photos/plain.bmp", picture)]).kept == 7


def test_in_all(put, home):
    with pytest.raises(DataError, match="photos.zip unpacks to more than 300 bytes"):
        put(good(), total_bytes=300)
    assert list(home.uploads.glob("*")) == []


def test_files_that_are_left_out_count_too(put, home):
    with pytest.raises(DataError, match="unpacks to more than"):
        put(
            [*good(), *((f"photos/{index}.bmp", bytes(900_000)) for index in range(20))],
            total_bytes=10_000_000,
        )
    assert list(home.uploads.glob("*")) == []


def test_out_of_proportion_in_all(put, home):
    with pytest.raises(DataError, match="unpacks to more than"):
        put(
            [*good(), *((f"photos/{index}.bmp", bytes(900_000)) for index in range(20))],
            slack_bytes=0,
        )
    assert list(home.uploads.glob("*")) == []


def test_too_many(put, home):
    with pytest.raises(DataError, match="holds more than 5 images"):
        put(good(), files=5)
    assert list(home.uploads.glob("*")) == []
    assert put(good(), files=6).kept == 6


def test_too_many_that_are_left_out(put, home):
    with pytest.raises(DataError, match="holds more than 20 images"):
        put([*good(), *((f"photos/{index}.png", b"x") for index in range(30))], files=20)
    assert list(home.uploads.glob("*")) == []


def test_sizes_in_the_directory_are_not_believed(home):
    """The directory says that 5 MB are 100 bytes."""
    content = bytearray(packed([*good(), ("photos/evil.bmp", bytes(5_000_000))]))
    place = content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, place + 24, 100)
    upload = unpack(io.BytesIO(content), "photos.zip", home, Limits(file_bytes=1000))
    assert upload.kept == 6
    assert upload.skipped[0].startswith("photos/evil.bmp: it")


def test_a_stored_size_beyond_the_archive_brings_nothing_in(home):
    content = bytearray(packed([*good(), ("photos/evil.bmp", bytes(40 * 2**20))]))
    struct.pack_into("<L", content, content.rfind(b"PK\x01\x02") + 20, 2**31)
    upload = unpack(io.BytesIO(bytes(content)), "photos.zip", home)
    assert (upload.kept, len(upload.skipped)) == (6, 1)
    assert not any(path.suffix == ".bmp" for path in upload.folder.rglob("*"))
