"""rft_core.engine.data.decoding.splits: what is decoded is decided from labels alone."""

import time
from types import MappingProxyType

import numpy as np
import pytest

from rft_core.engine.data.dataset import Request, holdout, stratified_indices
from rft_core.engine.data.decoding.splits import plan_splits
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.errors import DataError


def never(place: int):
    raise AssertionError("a plan opens no picture")


def pictures(labels) -> Pictures:
    labels = np.asarray(labels, dtype=np.int64)
    return Pictures(labels, [f"{place}.png" for place in range(len(labels))], never)


def listing(train, classes: int = 2, **parts) -> Listing:
    names = tuple(f"c{index}" for index in range(classes))
    return Listing(
        name="things", class_names=names, fingerprint="1", train=pictures(train), **parts
    )


def plan(given: Listing, **sizes):
    return plan_splits(given, Request(image_size=8, **sizes))


def test_what_is_missing_is_held_out_of_training():
    made = plan(listing([0, 1] * 50))
    assert [len(part) for part in made.parts] == [72, 8, 20]
    names = [set(part.names) for part in made.parts]
    assert len(set.union(*names)) == 100
    assert [note.split(":")[0] for note in made.notes] == ["no test split", "no validation split"]


def test_what_is_given_stays():
    made = plan(listing([0, 1] * 5, test=pictures([0, 1]), validation=pictures([1, 0, 1])))
    assert [len(part) for part in made.parts] == [10, 3, 2]
    assert made.notes == ()


def test_sizes_cut_before_anything_is_decoded():
    others = MappingProxyType({"sketch": pictures([0, 1] * 40)})
    made = plan(
        listing([0, 1] * 500, others=others, domains=("photo",)),
        train_size=30,
        eval_size=20,
        shift_size=10,
    )
    assert [len(part) for part in made.parts] == [30, 30, 20, 10]
    kept, held = holdout(np.array([0, 1] * 500), 0.2, seed=0)
    # the draw of Dataset.limited
    assert made.test.names == [
        f"{held[place]}.png"
        for place in stratified_indices(np.array([0, 1] * 500)[held], 20, seed=1)
    ]


@pytest.mark.parametrize(
    ("train", "note"),
    [
        ([0] * 9 + [1], "1 class has a single image; it is"),
        ([0] * 9 + [1, 2], "2 classes have a single image; they are"),
    ],
)
def test_a_class_with_one_image_is_trained_on(train, note):
    made = plan(listing(train, classes=3))
    assert set(train) == set(made.train.labels)
    assert set(made.test.labels) == {0}
    assert any(
        line.startswith(note) and line.endswith("trained on but not measured")
        for line in made.notes
    )


def test_a_class_with_one_image_is_measured_where_the_test_split_has_it():
    made = plan(listing([0] * 9 + [1], test=pictures([0, 1])))
    assert not any("single image" in note for note in made.notes)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train": [0, 0, 0], "classes": 1}, "one class, 'c0'"),
        (
            {"train": [0, 1, 0, 1]},
            "at most 2 images a class; training and measuring need at least 3",
        ),
        (
            {"train": [0, 1], "test": pictures([0])},
            "at most 1 images a class; training and measuring need at least 2",
        ),
    ],
)
def test_too_few(given, message):
    with pytest.raises(DataError, match=message):
        plan(listing(**given))


def test_fifty_thousand_classes_take_seconds():
    """One look at all labels for each class would take minutes."""
    labels = np.arange(250_000) % 50_000
    started = time.process_time()
    made = plan(listing(labels, classes=50_000))
    assert time.process_time() - started < 10
    assert [len(part) for part in made.parts] == [150_000, 50_000, 50_000]
