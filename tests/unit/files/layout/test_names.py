"""rft_core.files.layout.names: names of splits in any spelling, names of
classes, what is never data.
"""

import pytest

from rft_core.files.layout import (
    class_key,
    is_junk,
    looks_like_split,
    match_classes,
    split_of,
    split_word,
)

SPLITS = {
    "train": [
        "train",
        "Training",
        "TRAIN_SET",
        "training_set",
        "seg_train",
        "trainset",
        "TrainSet",
        "train2017",
        "Train Images",
        "01-train",
    ],
    "validation": [
        "val",
        "Valid",
        "validation",
        "DEV",
        "eval",
        "val_set",
        "devset",
        "seg_val",
        "evaluation-data",
    ],
    "test": ["test", "Testing", "test_set", "seg_test", "test1", "testdata", "TestImages"],
    "left out": [
        "pred",
        "seg_pred",
        "unlabeled",
        "Unlabelled",
        "un-labeled",
        "predictions",
        "unsup",
    ],
}
NO_SPLITS = [
    "cat",
    "trains",
    "strain",
    "contest",
    "valley",
    "device",
    "train_valid",
    "trainA",
    "bullet train",
    "set",
    "data",
    "",
    "2017",
]


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in SPLITS.items() for name in names]
)
def test_names_of_splits(kind, name):
    assert split_of(name) == kind
    assert looks_like_split(name)


@pytest.mark.parametrize("name", NO_SPLITS)
def test_other_names(name):
    assert split_of(name) is None


@pytest.mark.parametrize(
    "name", ["bullet train", "trainA", "Test-pilot", "train_valid", "my_validation_v2b"]
)
def test_names_that_look_like_splits(name):
    assert looks_like_split(name)


@pytest.mark.parametrize(
    "name", ["contest", "trains", "strain", "valley", "latest", "evaluator", "set", "photos"]
)
def test_names_that_do_not(name):
    assert not looks_like_split(name)


def test_the_word_of_a_split_in_a_longer_name():
    assert [
        split_word(name) for name in ("flowers_train", "flowers_test", "train_valid", "flowers")
    ] == ["train", "test", None, None]


@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        ".hidden",
        "._0.png",
        ".upload.json",
        "@eaDir",
    ],
)
def test_what_is_never_data(name):
    assert is_junk(name)


@pytest.mark.parametrize("name", ["cat", "0.png", "MACOSX", "thumbs", "icon"])
def test_what_may_be(name):
    assert not is_junk(name)


class TestClasses:
    def test_letters_are_compared_composed(self):
        assert class_key("u\u0308ber") == class_key("\u00fcber")
        assert match_classes(["u\u0308ber"], ["\u00fcber"]) == {"u\u0308ber": "\u00fcber"}

    def test_case_counts_only_where_two_classes_differ_by_it(self):
        assert match_classes(["disc", "DISC", "ring"], ["Disc", "Square"]) == {
            "disc": "Disc",
            "DISC": "Disc",
        }
        assert match_classes(["a", "A"], ["a", "A"]) == {"a": "a", "A": "A"}
        assert match_classes(["AB"], ["Ab", "aB"]) == {}

    def test_letters_of_other_alphabets(self):
        assert match_classes(["STRASSE", "ΟΔΟΣ"], ["straße", "οδος"]) == {
            "STRASSE": "straße",
            "ΟΔΟΣ": "οδος",
        }
