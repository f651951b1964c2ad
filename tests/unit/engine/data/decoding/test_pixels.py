"""rft_core.engine.data.decoding.pixels: every kind of picture becomes 8-bit RGB with the
brightness it shows.
"""

import io

import numpy as np
import pytest
from PIL import Image

from rft_core.engine.data.decoding.pixels import to_pixels
from rft_core.engine.data.greys import Greys, Span
from rft_core.errors import DataError
from rft_core.files import images as image_files
from rft_core.files.images import open_image


def stored(picture: Image.Image, kind: str, **options) -> Image.Image:
    """Write and open again, as a person's file would be."""
    content = io.BytesIO()
    picture.save(content, kind, **options)
    content.seek(0)
    return open_image(content)


def colours(picture: Image.Image) -> list[list[int]]:
    """The different pixels of what `to_pixels` makes of it."""
    pixels = to_pixels(picture, 8)
    assert pixels.shape == (3, 8, 8)
    assert pixels.dtype == np.uint8
    return np.unique(pixels.reshape(3, -1).T, axis=0).tolist()


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "expected"),
    [
        ("RGB", (10, 20, 30), "PNG", [10, 20, 30]),
        ("RGB", (10, 20, 30), "BMP", [10, 20, 30]),
        ("RGB", (10, 20, 30), "PPM", [10, 20, 30]),
        ("RGB", (10, 20, 30), "TIFF", [10, 20, 30]),
        ("L", 77, "PNG", [77, 77, 77]),
        ("1", 1, "PNG", [255, 255, 255]),
        ("1", 0, "TIFF", [0, 0, 0]),
        ("CMYK", (0, 0, 0, 255), "TIFF", [0, 0, 0]),
        ("CMYK", (255, 0, 0, 0), "TIFF", [0, 255, 255]),
        # what is transparent shows white, whatever colour lies below; half of it mixes
        ("RGBA", (9, 9, 9, 0), "PNG", [255, 255, 255]),
        ("RGBA", (9, 9, 9, 255), "PNG", [9, 9, 9]),
        ("RGBA", (0, 0, 0, 51), "PNG", [204, 204, 204]),
        ("LA", (100, 0), "PNG", [255, 255, 255]),
        ("LA", (100, 255), "PNG", [100, 100, 100]),
        # alone, a deep grey is scaled by the depth that its own largest value needs
        ("I;16", 65_535, "PNG", [255, 255, 255]),
        ("I;16", 4_095, "PNG", [255, 255, 255]),
        ("I;16", 2_048, "TIFF", [128, 128, 128]),
        ("I;16", 100, "PNG", [100, 100, 100]),
        ("I", 257 * 200, "TIFF", [200, 200, 200]),
        ("F", 0.5, "TIFF", [128, 128, 128]),
        ("F", 40.0, "TIFF", [40, 40, 40]),
    ],
)  # fmt: skip
def test_every_mode(mode, colour, kind, expected):
    assert colours(stored(Image.new(mode, (7, 5), colour), kind)) == [expected]


@pytest.mark.parametrize(("largest", "value", "expected"), [
    (65_535, 257 * 100, 100),
    (65_535, 300, 1),
    (4_000, 2_047, 127),
    (1_023, 1_023, 255),
    (2_000, 4_095, 255),
    (511, 512, 128),
    (255, 77, 77),
    (1, 1, 1),
])  # fmt: skip
@pytest.mark.parametrize(("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I", "TIFF")])
def test_a_deep_grey_is_scaled_by_the_depth_of_its_whole_dataset(
    mode, kind, largest, value, expected
):
    greys = Greys(integers=Span(0, largest))
    pixels = to_pixels(stored(Image.new(mode, (7, 5), value), kind), 8, lambda: greys)
    assert np.unique(pixels).tolist() == [expected]


def test_a_pgm_names_its_own_largest_value():
    """Pillow has scaled it already, whatever else the dataset holds."""
    content = b"P5 2 2 4095\n" + np.full(4, 2047, ">u2").tobytes()
    greys = Greys(integers=Span(0, 1_023))
    pixels = to_pixels(open_image(io.BytesIO(content)), 8, lambda: greys)
    assert np.unique(pixels).tolist() == [127]


def test_a_palette_with_transparency_shows_white():
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([200, 0, 0, 0, 0, 200])
    picture.paste(1, (0, 4, 8, 8))
    assert colours(stored(picture, "PNG")) == [[0, 0, 200], [200, 0, 0]]
    assert colours(stored(picture, "PNG", transparency=0)) == [[0, 0, 200], [255, 255, 255]]
    assert colours(stored(picture, "GIF", transparency=0)) == [[0, 0, 200], [255, 255, 255]]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame(kind):
    frames = [
        Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))
    ]
    options = {"lossless": True} if kind == "WEBP" else {}
    assert colours(stored(frames[0], kind, save_all=True, append_images=frames[1:], **options)) == [
        [255, 0, 0]
    ]


def test_values_outside_every_range_are_stretched():
    for values in (np.array([[-5.0, 5.0]], np.float32), np.array([[0, 2_000_000]], np.int32)):
        pixels = to_pixels(Image.fromarray(values).resize((8, 8), Image.Resampling.NEAREST), 8)
        assert (pixels.min(), pixels.max()) == (0, 255)


def test_values_that_are_not_numbers():
    with pytest.raises(DataError, match="not numbers"):
        to_pixels(Image.fromarray(np.full((4, 4), np.nan, np.float32)), 4)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_any_shape(size):
    assert colours(Image.new("RGB", size, (1, 2, 3))) == [[1, 2, 3]]


def test_a_shrunk_picture_is_averaged():
    checks = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (32, 32))
    assert abs(int(to_pixels(Image.fromarray(checks), 4).mean()) - 127) <= 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", [b"MM\0*\0\0\0\x08\xff\xff", b"no TIFF header", b"II"])
def test_a_damaged_exif_block_leaves_the_pixels(block):
    picture = stored(Image.new("RGB", (8, 8), (5, 6, 7)), "PNG", exif=b"Exif\0\0" + block)
    assert colours(picture) == [[5, 6, 7]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", [(20_000, 20_000), (10_001, 10_000)])
def test_too_many_pixels_are_refused_by_the_header_alone(size):
    header = f"P5 {size[0]} {size[1]} 255\n".encode()
    with pytest.raises(DataError, match="100,000,000"):
        open_image(io.BytesIO(header))


def test_a_picture_that_a_loader_opened_itself_is_refused_too(monkeypatch):
    monkeypatch.setattr(image_files, "MAX_PIXELS", 63)
    with pytest.raises(DataError, match="8 x 8 pixels are more than 63"):
        to_pixels(Image.new("RGB", (8, 8)), 4)


def test_only_known_formats_are_parsed():
    """PostScript would start a program."""
    with pytest.raises(DataError, match="not an image"):
        open_image(
            io.BytesIO(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n")
        )
