"""rft_core.engine.data.reading.columns: which column of a hub dataset is what, by names in any
spelling and by types.
"""

import datasets
import pytest
from datasets import ClassLabel, Features, Value

from rft_core.engine.data.reading.columns import find_columns
from rft_core.engine.data.reading.hub_tables import list_tables
from rft_core.errors import DataError
from tests.unit.engine.data.reading.test_hub_tables import shades, table


class TestColumns:
    @pytest.mark.parametrize("column", ["label", "labels", "class", "fine_label"])
    def test_preferred_names(self, column):
        features = Features(
            {
                "id": Value("string"),
                "img": datasets.Image(),
                "coarse_label": ClassLabel(names=["a"]),
                column: Value("int64"),
            }
        )
        assert find_columns("x/y", features).label == column

    def test_the_only_class_label(self):
        features = Features(
            {
                "domain": ClassLabel(names=["a"]),
                "name": Value("string"),
                "breed": ClassLabel(names=["a"]),
                "pixel_values": datasets.Image(),
            }
        )
        found = find_columns("x/y", features)
        assert (found.image, found.label, found.domain) == ("pixel_values", "breed", "domain")

    def test_the_only_column_of_text(self):
        assert (
            find_columns(
                "x/y",
                Features(
                    {
                        "picture": datasets.Image(),
                        "kind": Value("string"),
                        "width": Value("float32"),
                    }
                ),
            ).label
            == "kind"
        )

    @pytest.mark.parametrize(
        "column", ["Label", "class_id", "Category", "TARGET", "className", "fine-label"]
    )
    @pytest.mark.parametrize("image", ["Image", "IMG", "image_file", "photo"])
    def test_any_spelling(self, column, image):
        features = Features(
            {
                "id": Value("int64"),
                image: datasets.Image(),
                column: Value("string"),
                "mask": datasets.Image(),
            }
        )
        found = find_columns("x/y", features)
        assert (found.image, found.label) == (image, column)
        assert found.notes == (f"the column '{image}' was taken for the image, and not 'mask'",)

    def test_two_that_could_be_the_class(self):
        features = {"image": datasets.Image(), "label": Value("int64"), "category": Value("string")}
        found = find_columns("x/y", Features(features))
        assert (found.label, found.notes) == (
            "label",
            ("the column 'label' was taken for the class, and not 'category'",),
        )
        del features["label"]
        with pytest.raises(
            DataError,
            match=(
                r"x/y has several columns that could be the class \(its columns: image \(Image\),"
                r" category \(string\), target"
            ),
        ):
            find_columns("x/y", Features(features | {"target": Value("int64")}))

    def test_an_unclear_class(self):
        features = Features({"image": datasets.Image(), "a": Value("int64"), "b": Value("string")})
        with pytest.raises(
            DataError,
            match=(
                r"no column that is surely the class \(its columns: image \(Image\), a \(int64\), b"
                r" \(string\)\)"
            ),
        ):
            find_columns("x/y", features)

    def test_only_a_coarse_label(self):
        with pytest.raises(DataError, match="no column that is surely the class"):
            find_columns(
                "x/y",
                Features({"image": datasets.Image(), "coarse_label": ClassLabel(names=["a"])}),
            )

    @pytest.mark.parametrize("names", [(), ("left", "right")])
    def test_an_unclear_image(self, names):
        with pytest.raises(DataError, match=f"x/y has {len(names) or 'no'} image columns"):
            find_columns(
                "x/y",
                Features({"label": Value("int64")} | {name: datasets.Image() for name in names}),
            )


class TestSplitsByColumn:
    """A dataset of one table may name the split of each row."""

    @pytest.mark.parametrize(("column", "values", "kind"), [
        ("split", ["train", "dev", "test", "train"], Value("string")),
        ("Split", [0, 1, 2, 0], ClassLabel(names=["training", "validation", "testing"])),
        ("subset", ["TRAIN", "val", "test_set", "train"], Value("string")),
    ])  # fmt: skip
    def test_names(self, column, values, kind):
        found = list_tables("x/y", {"train": table([0, 1, 0, 1], **{column: (values, kind)})})
        assert [shades(part) for part in (found.train, found.validation, found.test)] == [
            [0, 3],
            [1],
            [2],
        ]
        assert [part.labels.tolist() for part in (found.train, found.validation, found.test)] == [
            [0, 1],
            [1],
            [0],
        ]
        assert found.notes[0] == f"split by the column '{column}'"

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            ([False, True, False, False], Value("bool")),
            ([0, 1, 0, 0], Value("int64")),
            (["no", "yes", "no", "no"], Value("string")),
        ],
    )
    def test_fastais(self, values, kind):
        found = list_tables("x/y", {"full": table([0, 1, 1, 0], is_valid=(values, kind))})
        assert shades(found.train) == [0, 2, 3]
        # without a test split, what is held out is measured on
        assert shades(found.test) == [1]

    def test_tables_that_are_split_already_are_not_split_again(self):
        kinds = (["test", "test", "test"], Value("string"))
        found = list_tables(
            "x/y", {"train": table([0, 1, 2], split=kinds), "test": table([0, 1, 2], split=kinds)}
        )
        assert (len(found.train), len(found.test)) == (3, 3)

    def test_rows_that_say_nothing_are_counted(self):
        found = list_tables(
            "x/y", {"train": table([0, 1, 0, 1], is_valid=(["0", "0", "1", "?"], Value("string")))}
        )
        assert found.notes[:2] == (
            "split by the column 'is_valid'",
            "1 of 4 rows were left out, their split is not train, validation or test",
        )

    def test_two_ways(self):
        both = {
            "split": (["train", "test"], Value("string")),
            "is_valid": ([True, False], Value("bool")),
        }
        with pytest.raises(
            DataError, match="x/y says in two ways which images are held out: 'split', 'is_valid'"
        ):
            list_tables("x/y", {"train": table([0, 1], **both)})
