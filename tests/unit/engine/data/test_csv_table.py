"""rft_core.engine.data.csv_table: a table as people and spreadsheets write it."""

import os

import pytest
import torch

from rft_core.engine.data.load import load_dataset
from rft_core.errors import DataError, UnknownNameError
from rft_core.sections import DataSpec
from rft_core.spec import RunSpec
from tests.unit.engine.data.test_folder import paint

pytestmark = pytest.mark.usefixtures("home")


def load(table, **settings):
    return load_dataset(RunSpec(data=DataSpec(dataset=f"csv:{table}", **settings)), image_size=8)


@pytest.fixture
def pictures(tmp_path):
    """40 pictures: img/000.png ... in two shades."""
    paint(tmp_path / "img", 20, 40)
    paint(tmp_path / "img", 20, 160, start=20)
    return tmp_path


def rows(count=40, extra=lambda place: []):
    return [[f"img/{place:03d}.png", "cat" if place < 20 else "dog", *extra(place)] for place in range(count)]


def write(folder, lines, header=("path", "label"), delimiter=",", encoding="utf-8", newline="\n"):
    table = folder / "table.csv"
    table.write_text("".join(delimiter.join(line) + newline for line in [header, *lines]), encoding=encoding, newline="")
    return table


def sizes(data):
    return len(data.train), len(data.validation), len(data.test)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("encoding", "newline"), [("utf-8", "\n"), ("utf-8-sig", "\r\n")])
def test_a_table_as_spreadsheets_write_it(pictures, delimiter, encoding, newline):
    data = load(write(pictures, rows(), delimiter=delimiter, encoding=encoding, newline=newline))
    assert data.class_names == ("cat", "dog")
    assert sizes(data) == (28, 4, 8)
    for part in (data.train, data.validation, data.test):
        assert torch.equal(part.images[:, 0].float().mean((1, 2)) > 100, part.labels == 1)


@pytest.mark.parametrize("header", [("file", "class"), ("Filename", "TARGET"), (" image ", "label"), ("path", "class")])
def test_names_of_columns(pictures, header):
    assert sizes(load(write(pictures, rows(), header=header))) == (28, 4, 8)


def test_other_columns_and_their_order_do_not_matter(pictures):
    lines = [["x", label, "1,5", path] for path, label in rows()]
    assert sizes(load(write(pictures, lines, header=("id", "label", "weight", "path"), delimiter=";"))) == (28, 4, 8)


def test_quoted_cells(pictures):
    os.rename(pictures / "img" / "000.png", pictures / "img" / "a, b.png")
    lines = [['"img/a, b.png"', '"cat"'], *rows()[1:]]
    data = load(write(pictures, lines))
    assert sizes(data) == (28, 4, 8)


def test_absolute_paths(pictures, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    lines = [[str(pictures / path), label] for path, label in rows()]
    assert sizes(load(write(elsewhere, lines))) == (28, 4, 8)


def test_splits_of_its_own(pictures):
    def split(place):
        return [("train", "Val", "test", "TRAINING")[place % 4]]

    data = load(write(pictures, rows(extra=split), header=("path", "label", "split")))
    assert sizes(data) == (20, 10, 10)
    assert data.notes == ()


def test_domains(pictures):
    table = write(pictures, rows(extra=lambda place: ["photo" if place % 2 else "sketch"]), header=("path", "label", "domain"))
    data = load(table, domains=("photo",))
    assert data.domains == ("photo",)
    assert {name: len(split) for name, split in data.others.items()} == {"sketch": 20}
    assert sum(sizes(data)) == 20
    first = load(table)
    assert first.domains == ("sketch",)
    assert any("first domain of the table, 'sketch'" in note for note in first.notes)
    with pytest.raises(UnknownNameError, match="did you mean 'photo'"):
        load(table, domains=("foto",))


def test_of_other_domains_only_the_test_images_are_measured(pictures):
    def more(place):
        return ["photo" if place % 2 else "sketch", "test" if place % 4 > 1 else "train"]

    data = load(write(pictures, rows(extra=more), header=("path", "label", "domain", "split")), domains=("photo",))
    assert (len(data.test), len(data.others["sketch"])) == (10, 10)


def test_rows_that_cannot_be_used_are_counted_and_named(pictures):
    (pictures / "img" / "text.png").write_text("no picture")
    (pictures / "img" / "folder.png").mkdir()
    os.mkfifo(pictures / "img" / "pipe.png")
    lines = [*rows(), ["img/gone.png", "cat"], ["img/\0.png", "cat"], ["img/001.png", ""], ["", "cat"], ["img/000.png", "dog"], ["img/text.png", "cat"]]
    lines += [["img/folder.png", "cat"], ["img/pipe.png", "cat"], []]
    data = load(write(pictures, lines))
    notes = "\n".join(data.notes)
    assert sum(sizes(data)) == 40
    for line in (
        "2 rows were left out, their file is not there: line 42 (img/gone.png); line 43",
        "1 rows were left out, they have no label: line 44 (img/001.png)",
        "1 rows were left out, they name no file: line 45 (no path)",
        "1 rows were left out, their file is in an earlier row: line 46 (img/000.png)",
        "2 rows were left out, what they name is no file: line 48 (img/folder.png); line 49 (img/pipe.png)",
        "1 files could not be read and were left out: img/text.png: its content is no image",
    ):
        assert line in notes


def test_an_unknown_split_is_left_out(pictures):
    table = write(pictures, rows(extra=lambda place: ["train" if place % 5 else "extra"]), header=("path", "label", "split"))
    data = load(table)
    assert sum(sizes(data)) == 32
    assert "8 rows were left out, their split is not train, validation or test: line 2 (img/000.png)" in data.notes[0]


def test_a_changed_file_is_decoded_anew(pictures):
    table = write(pictures, rows())
    first = load(table)
    paint(pictures / "img", 1, 250)
    second = load(table)
    before, after = ({image.numpy().tobytes() for part in (data.train, data.validation, data.test) for image in part.images} for data in (first, second))
    assert len(after - before) == 1


class TestWhatCannotBeUsed:
    def refused(self, table, message, kind=DataError, **settings):
        with pytest.raises(kind) as caught:
            load(table, **settings)
        assert message in str(caught.value)

    def test_a_missing_table(self, tmp_path):
        self.refused(tmp_path / "gone.csv", "cannot be read (No such file or directory); give the path of a CSV file")

    def test_a_folder(self, tmp_path):
        self.refused(tmp_path, "cannot be read")

    @pytest.mark.parametrize("text", ["", "\n\n", "img/000.png,cat\n", "path\nimg/000.png\n", "path|label\n", "label,split\n"])
    def test_no_header(self, tmp_path, text):
        (tmp_path / "table.csv").write_text(text)
        self.refused(tmp_path / "table.csv", "no column path or no column label")

    def test_a_header_alone(self, tmp_path):
        self.refused(write(tmp_path, []), "no row of table.csv can be used")

    def test_another_encoding(self, tmp_path):
        (tmp_path / "table.csv").write_bytes("path,label\nä.png,x\n".encode("utf-16"))
        self.refused(tmp_path / "table.csv", "is not UTF-8 text")

    def test_a_cell_without_end(self, tmp_path):
        (tmp_path / "table.csv").write_text('path,label\n"' + "x" * 200_000)
        self.refused(tmp_path / "table.csv", "is no CSV file")

    def test_only_missing_files(self, tmp_path):
        self.refused(write(tmp_path, rows()), "no row of table.csv can be used. 40 rows were left out, their file is not there: line 2 (img/000.png)")

    def test_no_training_rows(self, pictures):
        self.refused(write(pictures, rows(extra=lambda place: ["test"]), header=("path", "label", "split")), "has no training images")

    def test_a_class_that_is_only_tested(self, pictures):
        table = write(pictures, rows(extra=lambda place: ["train" if place < 20 else "test"]), header=("path", "label", "split"))
        self.refused(table, "have the class 'dog' that the training images lack")

    def test_one_class(self, pictures):
        self.refused(write(pictures, rows(20)), "has one class, 'cat'")

    def test_domains_without_their_column(self, pictures):
        self.refused(write(pictures, rows()), "has no column domain", domains=("photo",))
