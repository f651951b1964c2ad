"""rft_core.engine.data.reading.hub_tables and columns: a hub dataset becomes a
listing; domains never mix.
"""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import datasets
import numpy as np
import pytest
from datasets import ClassLabel, Features, Value
from PIL import Image

from rft_core.engine.data.reading.hub_tables import list_tables
from rft_core.errors import DataError


def png(shade: int) -> dict:
    buffer = io.BytesIO()
    Image.new("L", (4, 4), shade).save(buffer, "png")
    return {"bytes": buffer.getvalue(), "path": None}


def table(labels, kind=None, column="label", **more) -> datasets.Dataset:
    """Pictures whose shade is their row; `more` are further columns as (values, feature)."""
    kind = kind or ClassLabel(names=["cat", "dog", "fox"])
    content = {"image": [png(row) for row in range(len(labels))], column: labels} | {
        name: values for name, (values, _) in more.items()
    }
    return datasets.Dataset.from_dict(
        content,
        Features(
            {"image": datasets.Image(), column: kind}
            | {name: feature for name, (_, feature) in more.items()}
        ),
    )


def shades(part) -> list[int]:
    return [part.read(place).getpixel((0, 0)) for place in range(len(part))]


class TestSplits:
    @pytest.mark.parametrize(
        "names",
        [("train", "validation", "test"), ("Training", "val", "testing"), ("train", "dev", "test")],
    )
    def test_usual_names(self, names):
        found = list_tables("x/y", dict(zip(names, (table([0, 1, 2]), table([0, 1]), table([2])))))
        assert (
            found.train.labels.tolist(),
            found.validation.labels.tolist(),
            found.test.labels.tolist(),
        ) == ([0, 1, 2], [0, 1], [2])
        assert found.class_names == ("cat", "dog", "fox")
        assert found.notes == ()
        assert (found.domains, dict(found.others)) == ((), {})

    @pytest.mark.parametrize(
        "names",
        [
            ("train_set", "EVAL", "test_set"),
            ("Train", "valid", "Tests"),
            ("train2017", "val2017", "test2017"),
        ],
    )
    def test_names_in_other_spellings(self, names):
        found = list_tables("x/y", dict(zip(names, (table([0, 1, 2]), table([0, 1]), table([2])))))
        assert (len(found.train), len(found.validation), len(found.test)) == (3, 2, 1)
        assert found.notes == ()

    def test_splits_that_are_not_used_are_named(self):
        splits = {
            "extra": table([0]),
            "train_small": table([0]),
            "unlabeled": table([-1, -1]),
            "train": table([0, 1, 2]),
            "train_2": table([0, 1]),
            "test": table([1]),
        }
        found = list_tables("x/y", splits)
        assert (len(found.train), len(found.test)) == (3, 1)
        assert found.notes == (
            (
                "4 splits were left out, not for training or measuring by their names: extra (1"
                " rows), train_small (1 rows), unlabeled (2 rows), train_2 (2 rows)"
            ),
        )

    def test_classes_that_are_text_may_differ_in_case_and_accents(self):
        kind = Value("string")
        found = list_tables(
            "x/y",
            {
                "train": table(["Caf\u00e9", "dog"], kind),
                "test": table(["dog", "cafe\u0301", "DOG", "fox"], kind),
            },
        )
        assert found.class_names == ("Caf\u00e9", "dog")
        assert found.test.labels.tolist() == [1, 0, 1]
        assert (
            "test labels that differ from training's by case or accents alone are taken for them:"
            " 'DOG' is 'dog', 'cafe\u0301' is 'Caf\u00e9'" in found.notes
        )
        assert any(note.startswith("1 test images have no label") for note in found.notes)

    def test_a_single_split_of_any_name_is_train(self):
        found = list_tables("x/y", {"full": table([0, 1, 2])})
        assert len(found.train) == 3
        assert found.validation is None
        assert found.test is None

    def test_without_test_the_validation_split_is_measured_on(self):
        found = list_tables("x/y", {"train": table([0, 1, 2]), "validation": table([0, 1])})
        assert found.validation is None
        assert len(found.test) == 2
        assert found.notes == ("no labelled test split: the validation split is the test split",)

    def test_a_test_split_without_labels_is_not_used(self):
        found = list_tables(
            "x/y", {"train": table([0, 1, 2]), "validation": table([0, 1]), "test": table([-1, -1])}
        )
        assert len(found.test) == 2
        assert (
            found.notes[0]
            == "2 test images have no label, or a label without a training image, and are left out"
        )
        assert list_tables("x/y", {"train": table([0, 1, 2]), "test": table([-1])}).test is None

    def test_no_train(self):
        with pytest.raises(DataError, match=r"x/y has no split named train \(its splits: a, b\)"):
            list_tables("x/y", {"a": table([0]), "b": table([1])})


class TestLabels:
    def test_text_is_sorted(self):
        found = list_tables(
            "x/y",
            {
                "train": table(["rose", "aster", "rose"], Value("string")),
                "test": table(["aster"], Value("string")),
            },
        )
        assert found.class_names == ("aster", "rose")
        assert found.train.labels.tolist() == [1, 0, 1]
        assert found.test.labels.tolist() == [0]

    def test_numbers_with_gaps_are_renumbered(self):
        found = list_tables("x/y", {"train": table([1, 2, 257, 2], Value("int64"))})
        assert found.class_names == ("1", "2", "257")
        assert found.train.labels.tolist() == [0, 1, 2, 1]
        assert found.notes == ("class numbers from 1 to 257 were renumbered 0 to 2",)

    def test_numbers_without_gaps_need_no_note(self):
        assert list_tables("x/y", {"train": table([2, 0, 1], Value("int32"))}).notes == ()

    def test_a_class_without_a_training_image_is_left_out_everywhere(self):
        found = list_tables("x/y", {"train": table([2, 0, 2]), "test": table([0, 1, 2])})
        assert found.class_names == ("cat", "fox")
        assert found.train.labels.tolist() == [1, 0, 1]
        assert found.test.labels.tolist() == [0, 1]
        assert shades(found.test) == [0, 2]
        assert found.notes == (
            "1 of 3 classes have no training image and are left out: dog",
            "1 test images have no label, or a label without a training image, and are left out",
        )

    def test_rows_without_a_label_are_left_out(self):
        found = list_tables("x/y", {"train": table(["a", None, "b"], Value("string"))})
        assert found.train.labels.tolist() == [0, 1]
        assert shades(found.train) == [0, 2]
        assert "1 train images have no label" in found.notes[0]

    def test_no_label_at_all(self):
        with pytest.raises(
            DataError, match="x/y has no labelled training image in the column 'label'"
        ):
            list_tables("x/y", {"train": table([-1, -1])})


def test_many_threads_read_the_right_pictures():
    found = list_tables("x/y", {"train": table([0, 1, 2] * 80)})
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda place: found.train.read(place).getpixel((0, 0)), range(240)))
    assert got == list(range(240))


def test_a_picture_that_is_a_file(tmp_path):
    Image.new("L", (4, 4), 77).save(tmp_path / "a.png")
    data = datasets.Dataset.from_dict(
        {"image": [{"bytes": None, "path": str(tmp_path / "a.png")}, None], "label": [0, 1]}
    )
    data = data.cast(Features({"image": datasets.Image(), "label": Value("int64")}))
    found = list_tables("x/y", {"train": data})
    assert found.train.read(0).getpixel((0, 0)) == 77
    with pytest.raises(DataError, match="the cell is empty"):
        found.train.read(1)


def test_a_program_in_place_of_a_picture_is_not_opened():
    postscript = {
        "bytes": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nquit\n",
        "path": None,
    }
    Image.open(io.BytesIO(postscript["bytes"])).close()
    features = Features({"image": datasets.Image(), "label": Value("int64")})
    found = list_tables(
        "x/y",
        {
            "train": datasets.Dataset.from_dict(
                {"image": [postscript, png(1)], "label": [0, 1]}, features
            )
        },
    )
    with pytest.raises(DataError, match="its content is not an image"):
        found.train.read(0)


def test_the_fingerprint_follows_labels_and_classes():
    tables = [
        table([0, 1, 2]),
        table([0, 2, 1]),
        table([0, 1, 2], ClassLabel(names=["a", "b", "c"])),
    ]
    assert len({list_tables("x/y", {"train": train}).fingerprint for train in tables}) == 3
    assert (
        list_tables("x/y", {"train": table([0, 1, 2])}).fingerprint
        == list_tables("x/y", {"train": table([0, 1, 2])}).fingerprint
    )


def test_a_large_table_is_listed_quickly():
    count = 400_000
    content = {
        "image": [None] * count,
        "label": np.arange(count) % 345,
        "domain": np.arange(count) % 6,
    }
    names = Features(
        {
            "image": datasets.Image(),
            "label": ClassLabel(names=list(map(str, range(345)))),
            "domain": ClassLabel(names=list("abcdef")),
        }
    )
    tables = {"train": datasets.Dataset.from_dict(content, names)}
    started = time.monotonic()
    assert len(list_tables("x/y", tables).train) == len(range(0, count, 6))
    assert time.monotonic() - started < 20
