"""Copies of a picture stay in one split: checked on the pixels that a dataset returns, hashed by
`alike`, none of the engine's.
"""

import io

import datasets
import numpy as np
import pytest
from PIL import Image

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.decoding import decode
from rft_core.engine.data.reading.hub_tables import list_tables
from rft_core.errors import DataError
from tests.unit.engine.data.alike_pictures import NOTHING, alike, dataset, noise, pixels, total

pytestmark = pytest.mark.usefixtures("home")


def thrice(picture, folder, name):
    for copy in range(3):
        picture.save(folder / f"{name}-{copy}.png")


def other_files(picture, folder, name):
    """The same pixels in files that have no byte in common but their headers."""
    picture.save(folder / f"{name}.bmp")
    picture.save(folder / f"{name}.png", compress_level=0)
    picture.save(folder / f"{name}.tiff", compression="tiff_lzw")
    picture.convert("RGBA").save(folder / f"{name}-a.webp", lossless=True)


def turned(picture, folder, name):
    """A copy that lies on its side, and says so."""
    picture.save(folder / f"{name}.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / f"{name}-turned.png", exif=exif)


def now_and_then(picture, folder, name):
    """One picture in seven has as many copies as its number says."""
    for copy in range(1 + (int(name) % 7 == 0) * (int(name) % 5)):
        picture.save(folder / f"{name}-{copy}.png")


@pytest.mark.parametrize("write", [thrice, other_files, turned, now_and_then])
@pytest.mark.parametrize("sizes", [{}, {"train_size": 24, "eval_size": 12}])
def test_no_pixels_are_on_two_sides_of_a_folder(photos, write, sizes):
    for label, name in enumerate(("cat", "dog", "emu")):
        (photos / name).mkdir()
        for index in range(30):
            write(noise(100 * label + index), photos / name, f"{index:03d}")
    data = dataset(photos, **sizes)
    assert alike(data) == NOTHING == dict(data.shared)
    files = len(list(photos.rglob("*.*")))
    if sizes:
        assert (len(data.train), len(data.test)) == (24, 12)
        return
    assert total(data) == files
    assert any("more than once" in note for note in data.notes)
    # stratified as well as copies allow: a fifth of each class is measured, give or take one
    # picture with its copies
    for split, share in ((data.test, 0.2), (data.validation, 0.08)):
        assert np.abs(np.bincount(split.labels, minlength=3) - share * files / 3).max() <= 5
    again = dataset(photos)
    assert [pixels(getattr(again, name)) for name in ("train", "test")] == [
        pixels(data.train),
        pixels(data.test),
    ]


def test_the_same_images_whatever_was_decoded_before(photos, home):
    """The draw depends on the files and the sizes asked for, never on what lies in the cache."""
    for name in ("a", "b"):
        (photos / "d" / name).mkdir(parents=True)
        for index in range(20):
            thrice(noise(ord(name) * 50 + index), photos / "d" / name, f"{index:02d}")
    first = dataset(photos / "d", eval_size=10)
    dataset(photos / "d")
    assert dataset(photos / "d", eval_size=10).test.digest() == first.test.digest()


def test_two_classes_with_one_picture_in_common(photos):
    """It stays in training where one class has no other; else on any one side."""
    for name, count in (("a", 20), ("b", 20), ("c", 0)):
        (photos / name).mkdir()
        for index in range(count):
            noise(ord(name) * 100 + index).save(photos / name / f"{index}.png")
        for index in range(3):
            noise(index).save(photos / name / f"both{index}.png")
    data = dataset(photos)
    assert alike(data) == NOTHING
    assert set(data.train.labels.tolist()) == {0, 1, 2}
    assert total(data) == 49


def test_blank_pictures_of_different_sizes_are_the_same_at_one_size(photos):
    for name, shade in (("a", 0), ("b", 255)):
        (photos / name).mkdir()
        for index in range(12):
            noise(index + shade).save(photos / name / f"{index}.png")
            Image.new("L", (20 + index, 9), shade).save(photos / name / f"blank{index}.png")
    data = dataset(photos)
    assert alike(data) == NOTHING
    assert total(data) == 48


def test_a_table_and_a_missing_validation_split(photos):
    """Test is given, so what it shares with training is counted and said; validation is drawn,
    so it shares nothing.
    """
    lines = ["path,label,split"]
    for index in range(40):
        for copy in range(2):
            noise(index).save(photos / f"{index}-{copy}.png")
            split = "test" if copy and index < 8 else "train"
            lines.append(f"{index}-{copy}.png,{'xy'[index % 2]},{split}")
    (photos / "table.csv").write_text("\n".join(lines))
    data = dataset(f"csv:{photos / 'table.csv'}")
    found = alike(data)
    assert found == dict(data.shared)
    assert found["train_validation"] == 0
    assert found["train_test"] + found["validation_test"] == 8
    notices = (
        f"{found['train_test']} of 8 test images are in the training images too, pixel for pixel"
    )
    assert any(line.startswith(notices) for line in data.shared_lines())


@pytest.mark.parametrize(
    "shared",
    [
        {"train_test": 5},
        {"train_validation": 3},
        {"validation_test": 4},
        {"train_test": 1, "train_validation": 2},
    ],
)
def test_given_splits_stay_and_what_they_share_is_counted(photos, shared):
    folders = {kind: photos / kind / "a" for kind in ("train", "validation", "test")}
    for place, folder in enumerate(folders.values()):
        folder.mkdir(parents=True)
        (folder.parent / "b").mkdir()
        for index in range(12):
            noise(1000 * place + index).save(folder / f"{index}.png")
            noise(1000 * place + 500 + index).save(folder.parent / "b" / f"{index}.png")
    for pair, count in shared.items():
        first, second = pair.split("_")
        for index in range(count):
            noise(9000 + len(pair) * 50 + index).save(folders[first] / f"more-{pair}-{index}.png")
            noise(9000 + len(pair) * 50 + index).save(folders[second] / f"more-{pair}-{index}.bmp")
    for _ in range(2):
        data = dataset(photos)
        assert alike(data) == NOTHING | shared == dict(data.shared)
        assert len(data.shared_lines()) == len(shared)


def test_other_domains_that_hold_training_images(photos):
    for domain in ("photo", "sketch"):
        for name in ("a", "b"):
            (photos / domain / name).mkdir(parents=True)
            for index in range(15):
                # the first five of class a are in both domains
                own = 0 if name == "a" and index < 5 else ord(domain[0])
                noise(own * 1000 + ord(name) * 100 + index).save(
                    photos / domain / name / f"{index}.png"
                )
    data = dataset(photos, domains=("photo",))
    inside = set(pixels(data.train))
    assert (
        data.shared["train_others"]
        == sum(digest in inside for digest in pixels(data.others["sketch"]))
        > 0
    )


def test_a_table_of_the_hub(home):
    def png(index):
        content = io.BytesIO()
        noise(index).save(content, "png")
        return {"bytes": content.getvalue(), "path": None}

    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    content = {
        "image": [png(index // 4) for index in range(160)],
        "label": [index // 4 % 2 for index in range(160)],
    }
    listing = list_tables("x/y", {"train": datasets.Dataset.from_dict(content, features)})
    data = decode.decode(listing, Request(image_size=8))
    assert (alike(data), total(data)) == (NOTHING, 160)


def test_unreadable_files_do_not_replace_others(photos):
    """They are in no group, and a split of them alone would have nothing to measure."""
    for name in ("a", "b"):
        (photos / name).mkdir()
        for index in range(4):
            thrice(noise(ord(name) * 100 + index), photos / name, f"{index}")
        for index in range(40):
            (photos / name / f"broken{index}.png").write_bytes(b"no picture")
    data = dataset(photos)
    assert (alike(data), total(data)) == (NOTHING, 24)
    assert len(data.test) >= 6
    assert any(note.startswith("80 files could not be read") for note in data.notes)


def test_copies_that_cannot_be_kept_apart(photos):
    for name in ("a", "b"):
        (photos / name).mkdir()
        for index in range(9):
            noise(ord(name)).save(photos / name / f"{index}.png")
    with pytest.raises(
        DataError,
        match=(
            r"at most 1 different images \(copies counted once\) a class; training and measuring"
            r" need at least 3"
        ),
    ):
        dataset(photos)
