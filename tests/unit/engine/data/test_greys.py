"""Greys of 9 to 16 bits, written here and read as a dataset: one scale for all its pictures."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from rft_core.engine.data.load import load_dataset
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import DataSpec

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def scans(tmp_path):
    """Where pictures of two classes go."""
    for name in ("a", "b"):
        (tmp_path / "scans" / name).mkdir(parents=True)
    return tmp_path / "scans"


def scan(index: int, largest: float, kind=np.uint16) -> np.ndarray:
    """Noise from 0 to `largest`, both of which one of its pixels is."""
    values = np.random.default_rng(index).uniform(0, largest, (8, 8))
    values[0, 0], values[0, 1] = largest, 0
    return values.astype(kind)


def write(folder, arrays, suffix="png"):
    for index, array in enumerate(arrays):
        Image.fromarray(array).save(folder / "ab"[index % 2] / f"{index:03d}.{suffix}")


def load(folder, **settings):
    return load_dataset(
        RunSpec(data=DataSpec(dataset=f"folder:{folder}", **settings)), image_size=8
    )


def shades(data) -> set[bytes]:
    return {
        image[0].numpy().tobytes()
        for split in (data.train, data.validation, data.test)
        for image in split.images
    }


def scaled(array: np.ndarray, white: float, black: float = 0) -> bytes:
    return (
        np.rint((array.astype(np.float64) - black) * 255 / (white - black))
        .astype(np.uint8)
        .tobytes()
    )


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize(
    ("largest", "white", "bits"),
    [
        (511, 1023, 10),
        (700, 1023, 10),
        (1900, 4095, 12),
        (4000, 4095, 12),
        (9000, 16383, 14),
        (65535, 65535, 16),
        (200, 255, 8),
    ],
)
def test_white_is_the_largest_number_of_the_depth_that_the_dataset_needs(
    scans, suffix, largest, white, bits
):
    # one picture reaches the largest value, and the others are a quarter as bright: they stay so
    arrays = [scan(index, largest if index == 7 else largest // 4) for index in range(20)]
    write(scans, arrays, suffix)
    data = load(scans)
    assert shades(data) == {scaled(array, white) for array in arrays}
    note = (
        f"20 grey pictures of more than 8 bits: the values found are 0 to {largest:,}; in all of"
        f" them 0 is black and {white:,} ({bits} bits) is white"
    )
    assert note in data.notes
    # and the same from the cache
    again = load(scans)
    assert (again.notes, again.greys, shades(again)) == (data.notes, data.greys, shades(data))


def test_the_scale_is_that_of_all_images_whatever_is_cut(scans):
    """The only bright picture may be one that the run does not see."""
    arrays = [scan(index, 4000 if index == 13 else 300) for index in range(40)]
    write(scans, arrays)
    for sizes in ({}, {"train_size": 4, "eval_size": 4}, {"train_size": 6}):
        assert shades(load(scans, **sizes)) <= {scaled(array, 4095) for array in arrays}


def test_the_bright_picture_is_in_another_split(tmp_path):
    arrays = {
        kind: [scan(100 * place + index, 4000 if kind == "test" else 250) for index in range(12)]
        for place, kind in enumerate(("train", "test"))
    }
    for kind, own in arrays.items():
        for name in ("a", "b"):
            (tmp_path / "d" / kind / name).mkdir(parents=True)
        write(tmp_path / "d" / kind, own)
    assert shades(load(tmp_path / "d")) == {
        scaled(array, 4095) for own in arrays.values() for array in own
    }


def test_ordinary_pictures_beside_them_stay_as_they_are(scans):
    deep = [scan(index, 1000) for index in range(20)]
    plain = [scan(100 + index, 90, np.uint8) for index in range(20)]
    write(scans, deep)
    for index, array in enumerate(plain):
        Image.fromarray(array).save(scans / "ab"[index % 2] / f"plain{index}.png")
    assert shades(load(scans)) == {
        *(scaled(array, 1023) for array in deep),
        *(array.tobytes() for array in plain),
    }


def test_a_damaged_picture_says_nothing_and_is_named(scans):
    arrays = [scan(index, 1000) for index in range(20)]
    write(scans, arrays)
    (scans / "a" / "cut.png").write_bytes((scans / "a" / "000.png").read_bytes()[:60])
    data = load(scans)
    assert shades(data) == {scaled(array, 1023) for array in arrays}
    assert any("cut.png" in note for note in data.notes)


@pytest.mark.parametrize(
    ("largest", "white"), [(1.0, 1.0), (0.6, 1.0), (255.0, 255.0), (3000.0, 4095.0)]
)
def test_floats(scans, largest, white):
    arrays = [
        scan(index, largest if index == 3 else largest / 3, np.float32) for index in range(20)
    ]
    write(scans, arrays, "tiff")
    assert shades(load(scans)) == {scaled(array, white) for array in arrays}


def test_values_below_zero_are_stretched_by_one_range(scans):
    """Hounsfield units of a CT: a picture of soft tissue alone is not
    stretched to black and white.
    """
    arrays = [
        scan(index, 3000 if index == 3 else 400, np.int32) - (1000 if index == 5 else 100)
        for index in range(20)
    ]
    write(scans, arrays, "tiff")
    data = load(scans)
    low, high = min(array.min() for array in arrays), max(array.max() for array in arrays)
    wanted = np.array([list(scaled(array, high, low)) for array in arrays])
    for found in shades(data):
        # a half may be rounded either way
        assert np.abs(wanted - list(found)).max(1).min() <= 1
    assert any(
        f"the values found are {low:,} to {high:,}; all were stretched by that range" in note
        for note in data.notes
    )


def png16(values: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel (H, W, 3), which Pillow cannot write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    height, width, _ = values.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("largest", "is_dark"), [(4095, True), (1023, True), (65535, False)])
def test_deep_colours_that_are_nearly_black_are_named(scans, largest, is_dark):
    """Pillow reads the upper 8 bits of a channel alone, so that nothing can be scaled."""
    for index in range(20):
        values = np.random.default_rng(index).integers(0, largest + 1, (8, 8, 3))
        (scans / "ab"[index % 2] / f"{index}.png").write_bytes(png16(values))
    notes = [note for note in load(scans).notes if "16 bits a channel are nearly black" in note]
    assert len(notes) == is_dark
    assert all(note.startswith("20 colour pictures") for note in notes)


def test_a_dataset_of_eight_bits_has_no_note(scans):
    write(scans, [scan(index, 90, np.uint8) for index in range(20)])
    data = load(scans)
    assert data.greys is None
    assert not any("bits" in note for note in data.notes)
