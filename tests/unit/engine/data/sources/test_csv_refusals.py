"""rft_core.engine.data.sources.csv_table: tables that cannot be used, and the way out."""

import pytest

from rft_core.errors import DataError
from tests.unit.engine.data.sources.written_tables import load, rows, write

pytestmark = pytest.mark.usefixtures("home")


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
        self.refused(tmp_path / "table.csv", "is not a CSV file")

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
