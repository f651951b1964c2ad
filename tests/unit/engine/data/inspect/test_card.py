"""rft_core.engine.data.inspect.card: what a card says is true of the data."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rft_core.engine.data.inspect.card import PICTURES, make_card
from rft_core.errors import DataError
from rft_core.jobs.dataset_cards import card_folder, cells, keep_card
from rft_core.report.run.dataset_card import balance_figure, card_lines, describe_card
from rft_core.spec.run_spec import RunSpec, with_settings

PHOTOS = Path(__file__).parents[5] / ".." / "shared" / "data" / "cifar10-photos.zip"


def write(path: Path, seed: int, size: int = 12) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def pets(tmp_path) -> Path:
    """8 training and 3 test pictures of cats, 4 and 3 of dogs; one test cat is a training cat,
    one picture is both.
    """
    for place in range(8):
        write(tmp_path / "train" / "cat" / f"{place}.png", place)
    for place in range(4):
        write(tmp_path / "train" / "dog" / f"{place}.png", 100 + place)
    for place in range(3):
        write(tmp_path / "test" / "cat" / f"{place}.png", 200 + place)
        write(tmp_path / "test" / "dog" / f"{place}.png", 300 + place)
    write(tmp_path / "test" / "cat" / "0.png", 5)
    write(tmp_path / "val" / "cat" / "0.png", 400)
    write(tmp_path / "val" / "dog" / "0.png", 400)
    (tmp_path / "train" / "cat" / "broken.png").write_bytes(b"no picture")
    return tmp_path


def spec_of(folder: Path, **changes) -> RunSpec:
    return with_settings(
        RunSpec(),
        {"data.dataset": f"folder:{folder}", "data.image_size": 12}
        | {name.replace("__", "."): value for name, value in changes.items()},
    )


def test_a_card_of_a_folder(home, pets, tmp_path):
    answer = []
    card = make_card(spec_of(pets), 12, tmp_path, answer.append)
    assert card["class_names"] == ["cat", "dog"]
    assert {split["name"]: split["per_class"] for split in card["splits"]} == {
        "train": [8, 4],
        "validation": [1, 1],
        "test": [3, 3],
    }
    assert (card["smallest"], card["largest"]) == (
        {"name": "dog", "count": 4},
        {"name": "cat", "count": 8},
    )
    assert (card["duplicates"]["exact"], card["duplicates"]["near"]) == (1, 0)
    assert card["duplicates"]["examples"][0]["classes"] == ["cat", "cat"]
    assert card["two_labels"] == {"count": 1, "examples": [["cat", "dog"]]}
    assert any("broken.png" in note for note in card["notes"])
    assert answer[0] == "reading the images"
    assert json.loads(json.dumps(card)) == card


def test_the_sample_covers_every_class_and_pairs_show_the_same_picture(home, pets, tmp_path):
    card = make_card(spec_of(pets), 12, tmp_path)
    assert (card["samples"].count("cat"), card["samples"].count("dog")) == (8, 4)
    pictures = [np.asarray(cell) for cell in cells(card, tmp_path)]
    assert len(pictures) == card["atlas"]["count"] == 12 + 2
    first, second = card["duplicates"]["examples"][0]["cells"]
    assert np.array_equal(pictures[first], pictures[second])
    assert not np.array_equal(pictures[0], pictures[1])


def test_mean_and_std_are_those_of_the_training_pixels(home, tmp_path):
    from rft_core.engine.data.load import load_dataset

    spec = with_settings(RunSpec(), {"data.dataset": "digits", "data.image_size": 8})
    card = make_card(spec, 8, tmp_path)
    values = load_dataset(spec, image_size=8).train.images.double() / 255
    assert card["mean"] == pytest.approx(values.mean((0, 2, 3)).tolist(), abs=1e-3)
    assert card["std"] == pytest.approx(values.std((0, 2, 3), correction=0).tolist(), abs=1e-3)


def test_many_classes_give_one_picture_of_each_that_fits(home, tmp_path):
    card = make_card(
        with_settings(
            RunSpec(),
            {"data.dataset": "blooms_source", "data.image_size": 8, "data.train_size": 540},
        ),
        8,
        tmp_path,
    )
    assert len(card["class_names"]) == 54
    assert len(card["samples"]) == len(set(card["samples"])) == PICTURES
    assert card["cut"] == {"train": 540}
    assert any("cut to 540 train images" in line for line in card_lines(card))


def test_lines_and_figure_say_what_the_card_holds(home, pets, tmp_path):
    card = make_card(spec_of(pets), 12, tmp_path)
    lines = card_lines(card)
    assert [line[:4] for line in lines[:2]] == ["look", "look"]
    assert "1 of 6 test images" in lines[0]
    assert "cat and dog" in lines[1]
    assert describe_card(card).startswith("2 classes at 12 pixels: 12 train, 2 validation, 6 test.")
    (bars,) = balance_figure(card).data
    assert list(bars.x) == [8, 4]
    many = card | {
        "class_names": [f"class {place}" for place in range(200)],
        "splits": [card["splits"][0] | {"per_class": list(range(200))}],
    }
    figure = balance_figure(many)
    assert figure.data[0].y[0] == 199
    assert figure.layout.height < 400


def test_what_cannot_be_read_is_kept_as_its_line_and_raised(home, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    spec = spec_of(empty)
    with pytest.raises(DataError):
        keep_card(home, spec, make_card)
    kept = json.loads((card_folder(home, spec) / "card.json").read_text())
    assert str(empty) in kept["error"]


@pytest.mark.skipif(not PHOTOS.is_file(), reason="the photographs are not on this machine")
def test_the_photographs(home, tmp_path):
    with zipfile.ZipFile(PHOTOS) as opened:
        opened.extractall(tmp_path)
    card = make_card(spec_of(tmp_path / "cifar10-photos", data__image_size=32), 32, tmp_path)
    assert [split["count"] for split in card["splits"]] == [2700, 300, 1000]
    assert card["duplicates"]["exact"] == 0
    assert card["mean"] == pytest.approx([0.49, 0.48, 0.45], abs=0.02)
