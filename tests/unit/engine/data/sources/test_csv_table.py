"""rft_core.engine.data.sources.csv_table: a table as people and spreadsheets write it."""

import os

import pytest
import torch

from rft_core.errors import UnknownNameError
from tests.unit.engine.data.sources.test_folder import paint
from tests.unit.engine.data.sources.written_tables import load, rows, sizes, write

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("encoding", "newline"), [("utf-8", "\n"), ("utf-8-sig", "\r\n")])
def test_a_table_as_spreadsheets_write_it(pictures, delimiter, encoding, newline):
    data = load(write(pictures, rows(), delimiter=delimiter, encoding=encoding, newline=newline))
    assert data.class_names == ("cat", "dog")
    assert sizes(data) == (28, 4, 8)
    for part in (data.train, data.validation, data.test):
        assert torch.equal(part.images[:, 0].float().mean((1, 2)) > 100, part.labels == 1)


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


def test_used_and_left_out_rows_are_all_rows(pictures):
    lines = [
        *rows(),
        ["img/gone.png", "cat"],
        ["", "dog"],
        ["img/001.png", ""],
        ["img/002.png", "cat"],
    ]
    data = load(write(pictures, lines))
    assert sum(sizes(data)) + sum(entry.images for entry in data.left_out) == len(lines)


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
            "2 rows were left out, what they name is not a file: line 48 (img/folder.png); line 49"
            " (img/pipe.png)"
        ),
        "1 files could not be read and were left out: img/text.png: its content is not an image",
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


def test_a_changed_file_is_decoded_again(pictures):
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
