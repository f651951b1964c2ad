"""rft_core.engine.data.sources.csv_table: a table as people and spreadsheets write it."""

import os

import pytest
import torch

from rft_core.engine.data.load import load_dataset
from rft_core.errors import DataError, UnknownNameError
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import DataSpec
from tests.unit.engine.data.sources.test_folder import paint

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
    return [
        [f"img/{place:03d}.png", "cat" if place < 20 else "dog", *extra(place)]
        for place in range(count)
    ]


def write(folder, lines, header=("path", "label"), delimiter=",", encoding="utf-8", newline="\n"):
    table = folder / "table.csv"
    table.write_text(
        "".join(delimiter.join(line) + newline for line in [header, *lines]),
        encoding=encoding,
        newline="",
    )
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


@pytest.mark.parametrize(
    "header", [("file", "class"), ("Filename", "TARGET"), (" image ", "label"), ("path", "class")]
)
def test_names_of_columns(pictures, header):
    assert sizes(load(write(pictures, rows(), header=header))) == (28, 4, 8)


@pytest.mark.parametrize(
    "path",
    [
        "file_name",
        "File Name",
        "image_path",
        "IMG",
        "filepath",
        "FilePaths",
        "img-path",
        "ImageFile",
        "relative_path",
        "name",
        "ｐａｔｈ",
    ],
)
@pytest.mark.parametrize("label", ["ClassId", "Category", "target_name", "class label", "labels"])
def test_any_spelling_of_the_columns(pictures, path, label):
    assert sizes(load(write(pictures, rows(), header=(path, label)))) == (28, 4, 8)


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;", "\nsep=;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_line_that_tells_excel_the_delimiter(pictures, first, encoding):
    table = write(pictures, rows(), delimiter=";")
    table.write_text(f"{first}\n{table.read_text()}", encoding=encoding)
    data = load(table)
    assert (sizes(data), data.class_names) == ((28, 4, 8), ("cat", "dog"))


@pytest.mark.parametrize("delimiter", ["|", ", ", "; ", ";\t"])
def test_other_delimiters(pictures, delimiter):
    assert sizes(load(write(pictures, rows(), delimiter=delimiter))) == (28, 4, 8)


@pytest.mark.parametrize("spell", [
    lambda path: path.replace("/", "\\"),
    lambda path: ".\\" + path.replace("/", "\\"),
    lambda path: path.replace("/", "\\.\\"),
    lambda path: "img\\..\\" + path,
])  # fmt: skip
def test_back_slashes(pictures, spell):
    lines = [[spell(path), label] for path, label in rows()]
    assert sizes(load(write(pictures, lines))) == (28, 4, 8)


def test_one_file_by_two_spellings_is_taken_once(pictures):
    data = load(write(pictures, [*rows(), ["img\\003.png", "dog"]]))
    assert sum(sizes(data)) == 40
    assert any(
        "their file is in an earlier row: line 42 (img\\003.png)" in note for note in data.notes
    )


@pytest.mark.parametrize(("header", "yes", "no"), [
    ("is_valid", "True", "False"),
    ("Is_Valid", "1", "0"),
    ("IsValidation", "yes", "no"),
    ("is_val", "TRUE", "FALSE"),
])  # fmt: skip
def test_fastais_column_is_the_validation_split(pictures, header, yes, no):
    lines = rows(extra=lambda place: [yes if place % 4 == 0 else no])
    data = load(write(pictures, lines, header=("path", "label", header)))
    # the drawn blue of a picture is its number
    assert {int(image[2, 0, 0]) for image in data.validation.images} == set(range(0, 40, 4))
    assert len(data.train) + len(data.test) == 30


def test_both_flags_and_rows_that_say_neither(pictures):
    flags = [
        ("0", "0"),
        ("1", "0"),
        ("0", "1"),
        ("1", "1"),
        ("maybe", "0"),
        ("0", "0"),
        ("0", "0"),
        ("0", "0"),
    ]
    table = write(
        pictures,
        rows(extra=lambda place: flags[place % 8]),
        header=("path", "label", "is_valid", "is_test"),
    )
    data = load(table)
    assert sizes(data) == (20, 5, 5)
    notes = "\n".join(data.notes)
    assert "5 rows were left out, they are both for validation and for test: line 5" in notes
    assert "5 rows were left out, their is_valid is neither true nor false: line 6" in notes


@pytest.mark.parametrize(
    "names",
    [
        ("train", "dev", "test"),
        ("TRAIN", "Val", "Test"),
        ("training_set", "valid", "testing"),
        ("seg_train", "eval", "seg_test"),
    ],
)
@pytest.mark.parametrize("column", ["split", "Split", "data set", "subset", "partition"])
def test_splits_by_the_names_that_folders_have(pictures, column, names):
    table = write(
        pictures, rows(extra=lambda place: [names[place % 3]]), header=("path", "label", column)
    )
    assert sizes(load(table)) == (14, 13, 13)


def test_a_column_called_set_that_holds_no_splits(pictures):
    """It is named as not used, and is no reason to drop rows."""
    data = load(
        write(
            pictures, rows(extra=lambda place: ["AB"[place % 2]]), header=("path", "label", "set")
        )
    )
    assert sizes(data) == (28, 4, 8)
    assert "columns that are not used: 'set'" in data.notes


def test_rows_without_labels_by_their_split(pictures):
    table = write(
        pictures,
        rows(extra=lambda place: ["unlabeled" if place % 4 == 0 else "train"]),
        header=("path", "label", "split"),
    )
    data = load(table)
    assert sum(sizes(data)) == 30
    assert any(
        "10 rows were left out, their split is neither for training nor for measuring" in note
        for note in data.notes
    )


@pytest.mark.parametrize(("header", "extra"), [
    (("path", "label", "class_id"), lambda place: [str(place // 20)]),
    (("path", "label", "ClassName"), lambda place: ["the " + ("cat" if place < 20 else "dog")]),
    (("path", "label", "category"), lambda place: ["cat" if place < 20 else "dog"]),
])  # fmt: skip
def test_classes_that_are_written_twice(pictures, header, extra):
    """A number and a name for each class are one thing; the names are shown."""
    data = load(write(pictures, rows(extra=extra), header=header))
    assert (sizes(data), data.class_names) == ((28, 4, 8), ("cat", "dog"))
    assert any("say the same of every row" in note for note in data.notes)


def test_numbers_before_the_names_of_the_classes(pictures):
    """As a table of birds on Kaggle has it."""
    lines = [
        [str(place // 20), path, label, "train", "x"] for place, (path, label) in enumerate(rows())
    ]
    data = load(
        write(
            pictures,
            lines,
            header=("class id", "filepaths", "labels", "data set", "scientific name"),
        )
    )
    assert (sizes(data), data.class_names) == ((28, 4, 8), ("cat", "dog"))


def test_used_and_left_out_rows_are_all_rows(pictures):
    lines = [
        *rows(),
        ["img/gone.png", "cat"],
        ["", "dog"],
        ["img/001.png", ""],
        ["img/002.png", "cat"],
    ]
    data = load(write(pictures, lines))
    assert sum(sizes(data)) + sum(one.images for one in data.left_out) == len(lines)


def test_other_columns_and_their_order_do_not_matter(pictures):
    lines = [["x", label, "1,5", path] for path, label in rows()]
    assert sizes(
        load(write(pictures, lines, header=("id", "label", "weight", "path"), delimiter=";"))
    ) == (28, 4, 8)


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
    table = write(
        pictures,
        rows(extra=lambda place: ["photo" if place % 2 else "sketch"]),
        header=("path", "label", "domain"),
    )
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

    data = load(
        write(pictures, rows(extra=more), header=("path", "label", "domain", "split")),
        domains=("photo",),
    )
    assert (len(data.test), len(data.others["sketch"])) == (10, 10)


def test_rows_that_cannot_be_used_are_counted_and_named(pictures):
    (pictures / "img" / "text.png").write_text("no picture")
    (pictures / "img" / "folder.png").mkdir()
    os.mkfifo(pictures / "img" / "pipe.png")
    lines = [
        *rows(),
        ["img/gone.png", "cat"],
        ["img/\0.png", "cat"],
        ["img/001.png", ""],
        ["", "cat"],
        ["img/000.png", "dog"],
        ["img/text.png", "cat"],
    ]
    lines += [["img/folder.png", "cat"], ["img/pipe.png", "cat"], []]
    data = load(write(pictures, lines))
    notes = "\n".join(data.notes)
    assert sum(sizes(data)) == 40
    for line in (
        "2 rows were left out, their file is not there: line 42 (img/gone.png); line 43",
        "1 rows were left out, they have no label: line 44 (img/001.png)",
        "1 rows were left out, they name no file: line 45 (no path)",
        "1 rows were left out, their file is in an earlier row: line 46 (img/000.png)",
        (
            "2 rows were left out, what they name is no file: line 48 (img/folder.png); line 49"
            " (img/pipe.png)"
        ),
        "1 files could not be read and were left out: img/text.png: its content is no image",
    ):
        assert line in notes


def test_an_unknown_split_is_left_out(pictures):
    table = write(
        pictures,
        rows(extra=lambda place: ["train" if place % 5 else "extra"]),
        header=("path", "label", "split"),
    )
    data = load(table)
    assert sum(sizes(data)) == 32
    assert (
        "8 rows were left out, their split is not train, validation or test: line 2 (img/000.png)"
        in data.notes[0]
    )


def test_a_changed_file_is_decoded_anew(pictures):
    table = write(pictures, rows())
    first = load(table)
    paint(pictures / "img", 1, 250)
    second = load(table)
    before, after = (
        {
            image.numpy().tobytes()
            for part in (data.train, data.validation, data.test)
            for image in part.images
        }
        for data in (first, second)
    )
    assert len(after - before) == 1


class TestWhatCannotBeUsed:
    def refused(self, table, message, kind=DataError, **settings):
        with pytest.raises(kind) as caught:
            load(table, **settings)
        assert message in str(caught.value)

    def test_a_missing_table(self, tmp_path):
        self.refused(
            tmp_path / "gone.csv",
            "cannot be read (No such file or directory); give the path of a CSV file",
        )

    def test_a_folder(self, tmp_path):
        self.refused(tmp_path, "cannot be read")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "",
                (
                    "has no column for the path of each image and for its class: its first line"
                    " names nothing"
                ),
            ),
            ("\n\n", "its first line names nothing"),
            ("img/000.png,cat\n", "and for its class: its first line names 'img/000.png', 'cat'"),
            ("path\nimg/000.png\n", "has no column for its class: its first line names 'path'"),
            (
                "label,split\n",
                "has no column for the path of each image: its first line names 'label', 'split'",
            ),
            ("when;where;what\n", "its first line names 'when', 'where', 'what'"),
            (
                "Width\tHeight\tClassId\n",
                "in any case and spelling: for the path of each image path, file, file_name",
            ),
            ("sep=|\na|label\n", "for the path of each image: its first line names 'a', 'label'"),
        ],
    )
    def test_a_missing_column_is_named_with_what_is_there(self, tmp_path, text, message):
        (tmp_path / "table.csv").write_text(text)
        self.refused(tmp_path / "table.csv", message)

    @pytest.mark.parametrize(
        ("header", "cells", "named"),
        [
            (
                ("path", "file", "label"),
                lambda place: [f"img/{place:03d}.png", f"{place}.png", "c"],
                "the path of each image: 'path', 'file'",
            ),
            (
                ("image", "Image_Path", "label"),
                lambda place: [str(place), f"img/{place:03d}.png", "c"],
                "'image', 'Image_Path'",
            ),
            (
                ("path", "label", "class"),
                lambda place: [
                    f"img/{place:03d}.png",
                    "cat" if place % 3 else "dog",
                    "ab"[place % 2],
                ],
                "its class: 'label', 'class'",
            ),
            (
                ("path", "label", "label"),
                lambda place: [f"img/{place:03d}.png", "c", "d" * (place % 3)],
                "its class: 'label', 'label'",
            ),
            (
                ("path", "category_id", "target", "class"),
                lambda place: [f"img/{place:03d}.png", str(place % 3), str(place % 2), "x"],
                "has 3 columns",
            ),
            (
                ("path", "label", "split", "Split_Name"),
                lambda place: [f"img/{place:03d}.png", "c", "train", "test"],
                "its split: 'split', 'Split_Name'",
            ),
            (
                ("path", "label", "split", "is_valid"),
                lambda place: [f"img/{place:03d}.png", "c", "train", "0"],
                "in two ways which images are held out: 'split', 'is_valid'",
            ),
            (
                ("path", "label", "is_training_image"),
                lambda place: [f"img/{place:03d}.png", "c", "0"],
                "'is_training_image', which does not say whether",
            ),
        ],
    )
    def test_two_columns_that_could_both_be_meant(self, pictures, header, cells, named):
        self.refused(write(pictures, [cells(place) for place in range(40)], header=header), named)

    def test_a_header_alone(self, tmp_path):
        self.refused(write(tmp_path, []), "no row of table.csv can be used")

    def test_another_encoding(self, tmp_path):
        (tmp_path / "table.csv").write_bytes("path,label\nä.png,x\n".encode("latin-1"))
        self.refused(tmp_path / "table.csv", "is not UTF-8 text")

    def test_a_cell_without_end(self, tmp_path):
        (tmp_path / "table.csv").write_text('path,label\n"' + "x" * 200_000)
        self.refused(tmp_path / "table.csv", "is no CSV file")

    def test_only_missing_files(self, tmp_path):
        self.refused(
            write(tmp_path, rows()),
            "no row of table.csv can be used. 40 rows were left out, their file is not there: line"
            " 2 (img/000.png)",
        )

    def test_no_training_rows(self, pictures):
        self.refused(
            write(pictures, rows(extra=lambda place: ["test"]), header=("path", "label", "split")),
            "has no training images",
        )

    def test_a_class_that_is_only_tested(self, pictures):
        table = write(
            pictures,
            rows(extra=lambda place: ["train" if place < 20 else "test"]),
            header=("path", "label", "split"),
        )
        self.refused(table, "have the class 'dog' that the training images lack")

    def test_one_class(self, pictures):
        self.refused(write(pictures, rows(20)), "has one class, 'cat'")

    def test_domains_without_their_column(self, pictures):
        self.refused(write(pictures, rows()), "has no column domain", domains=("photo",))
