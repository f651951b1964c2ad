"""rft_core.engine.data.sources.folder: a person's own images, also badly kept ones."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rft_core.engine.data.load import load_dataset
from rft_core.errors import DataError
from rft_core.files.home import find_home
from rft_core.files.layout import LayoutQuestion
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import DataSpec

PHOTOS = Path(__file__).parents[5] / ".." / "shared" / "data" / "cifar10-photos.zip"


pytestmark = pytest.mark.usefixtures("home")


def paint(
    folder: Path, count: int, shade: int = 0, suffix: str = "png", size=(10, 6), start: int = 0
) -> None:
    """Write `count` different pictures of about one shade."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(start, start + count):
        pixels = np.full((size[1], size[0], 3), shade, np.uint8)
        pixels[:, :, 2] = index
        Image.fromarray(pixels).save(folder / f"{index:03d}.{suffix}")


def load(root: Path, **settings):
    return load_dataset(RunSpec(data=DataSpec(dataset=f"folder:{root}", **settings)), image_size=8)


@pytest.fixture
def flat(tmp_path) -> Path:
    tmp_path = tmp_path / "flat"
    for shade, name in ((40, "cat"), (160, "dog")):
        paint(tmp_path / name, 20, shade)
    return tmp_path


def test_one_folder_a_class_is_split_here(flat):
    data = load(flat)
    assert data.class_names == ("cat", "dog")
    assert (len(data.train), len(data.validation), len(data.test)) == (28, 4, 8)
    assert sum("held out of training" in note for note in data.notes) == 2
    for part in (data.train, data.validation, data.test):
        assert torch.bincount(part.labels).tolist() == [len(part) // 2] * 2
        # the pictures still belong to their labels
        assert torch.equal(part.images[:, 0].float().mean((1, 2)) > 100, part.labels == 1)
    assert load(flat).test.digest() == data.test.digest()
    seen = [
        {image.numpy().tobytes() for image in part.images}
        for part in (data.train, data.validation, data.test)
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "Validation", "Testing")])
def test_folders_that_are_already_split_stay_so(tmp_path, names):
    for name, count in zip(names, (6, 3, 4)):
        for shade, label in ((40, "cat"), (160, "dog")):
            paint(tmp_path / "set" / name / label, count, shade)
    data = load(tmp_path / "set")
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 6, 8)
    assert data.notes == ()


def test_only_what_is_missing_is_split_here(tmp_path):
    for part, count in (("train", 20), ("test", 5)):
        for shade, label in ((40, "cat"), (160, "dog")):
            paint(tmp_path / "set" / part / label, count, shade)
    data = load(tmp_path / "set")
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 4, 10)
    assert len(data.notes) == 1


def test_any_shape_and_mode(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index, mode in enumerate(("L", "RGBA", "P", "1", "CMYK", "I;16")):
            suffix = "tif" if mode == "CMYK" else "png"
            picture = Image.new("L", (5 + index, 30), 0)
            # no two alike, whatever the mode keeps of them
            picture.paste(255, (0, 0, 9, 4 * index + (2 if name == "a" else 4)))
            picture.convert(mode).save(tmp_path / name / f"{index}.{suffix}")
    data = load(tmp_path)
    assert len(data.train) + len(data.validation) + len(data.test) == 12
    assert data.train.images.shape[1:] == (3, 8, 8)


def test_broken_files_are_counted_and_named(flat):
    (flat / "cat" / "broken.png").write_bytes(b"no picture")
    (flat / "dog" / "cut.png").write_bytes((flat / "dog" / "000.png").read_bytes()[:40])
    (flat / "dog" / "empty.jpg").touch()
    (flat / "dog" / "notes.txt").write_text("no picture, and not taken for one")
    note = next(note for note in load(flat).notes if "could not be read" in note)
    assert note.startswith("3 files could not be read and were left out")
    assert all(name in note for name in ("broken.png", "cut.png", "empty.jpg"))
    assert "notes.txt" not in note
    assert "1 other file left out, not read as images (1 .txt): dog/notes.txt" in load(flat).notes


def test_many_broken_files_are_counted_and_the_first_named(flat):
    for index in range(9):
        (flat / "cat" / f"broken{index}.png").write_bytes(b"x")
    note = next(note for note in load(flat).notes if "could not be read" in note)
    assert note.startswith("9 files")
    assert note.endswith("...")


def test_hidden_files_and_folders_are_left_out(flat):
    (flat / "cat" / "._000.png").write_bytes(b"a trace of another system")
    paint(flat / ".thumbnails", 3)
    data = load(flat)
    assert data.class_names == ("cat", "dog")
    assert not any("could not be read" in note for note in data.notes)


def test_pictures_in_subfolders_count(tmp_path):
    for name in ("a", "b"):
        paint(tmp_path / name / "one", 4)
        paint(tmp_path / name / "two", 4, start=4)
    data = load(tmp_path)
    assert len(data.train) + len(data.validation) + len(data.test) == 16


def test_a_picture_is_turned_upright(tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 255
    turned = Image.Exif()
    turned[274] = 3
    for name in ("a", "b"):
        paint(tmp_path / name, 4)
    Image.fromarray(pixels).save(tmp_path / "a" / "turned.png", exif=turned)
    data = load(tmp_path)
    bright = [
        image
        for part in (data.train, data.validation, data.test)
        for image in part.images
        if image.max() == 255
    ]
    assert len(bright) == 1
    assert bright[0][:, :4].max() == 0


class TestWhatCannotBeUsed:
    def refused(self, root, message):
        with pytest.raises(DataError) as caught:
            load(root)
        assert message in str(caught.value)

    def test_a_missing_folder(self, tmp_path):
        self.refused(tmp_path / "gone", "there is no folder")

    def test_a_file(self, tmp_path):
        (tmp_path / "file").touch()
        self.refused(tmp_path / "file", "there is no folder")

    def test_an_empty_folder(self, tmp_path):
        self.refused(tmp_path, "no image was found below it")

    def test_loose_images(self, tmp_path):
        paint(tmp_path, 3)
        self.refused(tmp_path, "3 images lie loose in it")

    def test_one_class(self, tmp_path):
        paint(tmp_path / "cat", 10)
        self.refused(tmp_path, "has one class, 'cat'; classification needs at least two")

    def test_one_class_with_a_single_image(self, tmp_path):
        paint(tmp_path / "cat", 1)
        self.refused(tmp_path, "has one class, 'cat'")

    def test_an_extra_class_in_test(self, tmp_path):
        for part, names in (("train", ("cat", "dog")), ("test", ("cat", "dog", "fox"))):
            for name in names:
                paint(tmp_path / part / name, 4)
        self.refused(tmp_path, "have the class 'fox' that the training images lack")

    def test_only_broken_files(self, tmp_path):
        for name in ("cat", "dog"):
            (tmp_path / name).mkdir()
            for index in range(3):
                (tmp_path / name / f"{index}.png").write_bytes(b"x")
        self.refused(tmp_path, "none of the images")

    def test_a_class_without_a_readable_file(self, flat):
        (flat / "fox").mkdir()
        (flat / "fox" / "a.png").write_bytes(b"x")
        self.refused(flat, "no training image of the class 'fox'")

    @pytest.mark.parametrize("count", [1, 2])
    def test_too_few_images(self, tmp_path, count):
        for name in ("cat", "dog"):
            paint(tmp_path / name, count)
        self.refused(tmp_path, "need at least 3 in some class")


def test_a_small_class_stays_in_training(tmp_path):
    paint(tmp_path / "many", 20, 40)
    paint(tmp_path / "few", 1, 160)
    data = load(tmp_path)
    assert torch.bincount(data.train.labels).min() == 1


def test_a_missing_class_in_test_is_not_an_error(tmp_path):
    for part, names in (("train", ("cat", "dog")), ("test", ("cat",))):
        for name in names:
            paint(tmp_path / part / name, 4)
    assert load(tmp_path).test.labels.unique().tolist() == [0]


def test_a_test_folder_without_a_train_folder_is_refused(flat):
    """Else test would be a class, and its images would be trained on."""
    for label in ("cat", "dog"):
        paint(flat / "test" / label, 4, 90)
    with pytest.raises(DataError, match="has a test folder, 'test', and no folder train"):
        load(flat)


def test_a_class_may_be_called_test(flat):
    paint(flat / "test", 20, 90)
    assert load(flat, layout="classes").class_names == ("cat", "dog", "test")
    with pytest.raises(
        LayoutQuestion,
        match="would have the class 'test', which may be splits: set data.layout=splits",
    ):
        load(flat)


def test_names_that_are_not_text(flat):
    for index in range(5):
        paint(flat / "fox", 1, start=index)
        os.rename(
            flat / "fox" / f"{index:03d}.png",
            os.path.join(os.fsencode(flat), b"fox", b"\xff%d.png" % index),
        )
    os.rename(flat / "fox", os.path.join(os.fsencode(flat), b"f\xe9"))
    data = load(flat)
    assert data.class_names == ("cat", "dog", r"f\xe9")
    assert len(data.train) + len(data.validation) + len(data.test) == 45


def test_a_changed_picture_is_decoded_again(flat):
    before = load(flat)
    paint(flat / "cat", 1, 250, start=0)
    assert (
        load(flat).train.digest() != before.train.digest()
        or load(flat).test.digest() != before.test.digest()
    )
    assert (
        sum(
            (part.images == 250).any()
            for part in (load(flat).train, load(flat).validation, load(flat).test)
        )
        == 1
    )


def test_a_zip_is_unpacked_into_the_home(flat, tmp_path):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted(flat.rglob("*.png")):
            archive.write(path, f"pets/{path.relative_to(flat)}")
        archive.writestr("pets/readme.txt", "no picture")
    data = load(tmp_path / "pets.zip")
    assert data.test.digest() == load(flat).test.digest()
    assert (
        data.notes[0]
        == "1 files of pets.zip were left out (1 .txt are not read as images): pets/readme.txt: not"
        " read as an image (.txt)"
    )
    assert [path.name for path in find_home().uploads.iterdir()] == ["pets"]


@pytest.mark.skipif(
    not PHOTOS.is_file(),
    reason="the real photographs (shared/data/cifar10-photos.zip) are not here",
)
def test_real_photographs(tmp_path):
    with zipfile.ZipFile(PHOTOS) as archive:
        archive.extractall(tmp_path)
    data = load_dataset(
        RunSpec(data=DataSpec(dataset=f"folder:{tmp_path / 'cifar10-photos'}")), image_size=32
    )
    assert data.num_classes == 10
    assert data.class_names[0] == "airplane"
    assert (len(data.train), len(data.validation), len(data.test)) == (2700, 300, 1000)
    assert torch.bincount(data.test.labels).tolist() == [100] * 10
    assert 90 < data.train.images.float().mean() < 160
