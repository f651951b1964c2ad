"""rft_core.engine.data.sources.csv_table: which columns are meant, and what their cells say."""

import pytest

from tests.unit.engine.data.sources.written_tables import load, rows, sizes, write

pytestmark = pytest.mark.usefixtures("home")


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


def test_other_columns_and_their_order_do_not_matter(pictures):
    lines = [["x", label, "1,5", path] for path, label in rows()]
    assert sizes(
        load(write(pictures, lines, header=("id", "label", "weight", "path"), delimiter=";"))
    ) == (28, 4, 8)
