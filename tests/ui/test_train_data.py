"""Data of one's own on the Train page: uploads, and the look at the data, through app.py."""

import html
import io
import time
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rft_core.files.home import find_home
from rft_core.files.uploads import list_uploads, remove_upload
from rft_core.jobs import dataset_cards
from rft_core.jobs.dataset_cards import Reading
from rft_core.spec.run_spec import RunSpec, with_settings
from tests.ui.dashboard import TRAIN, open_app, read_aloud
from tests.ui.dataset_rows import ONLINE, labels

CARD: dict[str, Any] = {
    "dataset": "digits",
    "name": "digits",
    "class_names": ["cat", "<b>dog</b>"],
    "image_size": 8,
    "cut": {},
    "domains": [],
    "others": [],
    "splits": [
        {"name": "train", "is_domain": False, "count": 9, "per_class": [4, 5]},
        {"name": "test", "is_domain": False, "count": 3, "per_class": [1, 2]},
    ],
    "smallest": {"name": "cat", "count": 4},
    "largest": {"name": "<b>dog</b>", "count": 5},
    "notes": ["1 files could not be read: a_b.png"],
    "duplicates": {
        "exact": 1,
        "near": 0,
        "checked": 3,
        "examples": [{"cells": [0, 1], "classes": ["cat", "cat"]}],
    },
    "two_labels": {"count": 0, "examples": []},
    "mean": [0.5, 0.5, 0.5],
    "std": [0.2, 0.2, 0.2],
    "samples": ["cat", "<b>dog</b>"],
    "atlas": {"file": "samples.png", "cell": 8, "columns": 12, "count": 2},
    "seconds": 1.0,
    "made": 1.0,
}


def picture(value: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), value, np.uint8)).save(data, "PNG")
    return data.getvalue()


def archive(**extra: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        for name in ("cat", "dog"):
            for place in range(3):
                opened.writestr(f"pets/{name}/{place}.png", picture(40 * place + len(name)))
        for name, content in extra.items():
            opened.writestr(f"pets/cat/{name}", content)
    return data.getvalue()


def counted(count: int) -> dict:
    """A card with `count` training images."""
    return CARD | {"splits": [CARD["splits"][0] | {"count": count}, CARD["splits"][1]]}


def metrics(app) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


class TestUpload:
    @pytest.fixture(autouse=True)
    def _no_process(self, store, monkeypatch):
        self.asked = []
        monkeypatch.setattr(
            dataset_cards,
            "ask_for_card",
            lambda home, spec, again=False: self.asked.append(spec.data.dataset) or True,
        )

    def test_its_images_are_counted_at_once_and_the_time_told(self, store, monkeypatch):
        monkeypatch.setattr(
            dataset_cards,
            "reading",
            lambda home, spec: (
                Reading(1.0, "decoding") if spec.data.dataset in self.asked else None
            ),
        )
        app = open_app(TRAIN)
        app.file_uploader(key="upload.zip").upload("pets.zip", archive(), "application/zip").run()
        (folder,) = list_uploads(find_home())
        assert self.asked == [f"folder:{folder}"]
        assert metrics(app) == {"Time": "unknown"}
        assert "The images are being counted" in read_aloud(app)
        monkeypatch.setattr(
            dataset_cards,
            "read_card",
            lambda home, spec: counted(96) if spec.data.dataset in self.asked else None,
        )
        app.run()
        assert len(self.asked) == 1
        assert metrics(app)["Time, about"] != "unknown"
        # 96 images in batches of 64 are one step an epoch
        epochs = app.number_input(key="train.optim.epochs").value
        assert f"{epochs} steps in all: too few to learn much" in read_aloud(app)
        assert all(
            said.endswith(f" of {epochs}")
            for said in app.dataframe[-1].value["Steps without an attack"]
        )
        app.number_input(key="train.optim.epochs").set_value(50).run()
        assert "too few to learn much" not in read_aloud(app)
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.data.train_size is None

    def test_no_other_data_are_read_in_its_place(self, store):
        # it came in while the form held a mistake, and another dataset was chosen
        # before that was mended
        app = open_app(TRAIN)
        app.session_state["upload.came_in"] = "folder:/elsewhere"
        app.run()
        assert not app.exception
        assert self.asked == []
        assert "upload.came_in" not in app.session_state

    def test_it_says_so_and_closes_its_menu(self, store):
        app = open_app(TRAIN)

        def menus() -> set[str]:
            return {block.proto.id for block in app.get("popover")}

        before = menus()
        app.file_uploader(key="upload.zip").upload("pets.zip", archive(), "application/zip").run()
        assert [html.unescape(one.value) for one in app.success] == [
            "pets.zip: 6 images kept. It is now the chosen dataset."
        ]
        assert not before & menus()
        assert open_app(TRAIN, preset="digits_quick").success.len == 0

    def test_a_zip_becomes_the_dataset_and_is_offered_again(self, store):
        app = open_app(TRAIN)
        app.file_uploader(key="upload.zip").upload(
            "pets.zip", archive(**{"notes.txt": b"hello"}), "application/zip"
        ).run()
        assert not app.exception
        (folder,) = list_uploads(find_home())
        assert app.selectbox(key="train.data.dataset").value == f"folder:{folder}"
        assert "1 file was left out" in [one.label for one in app.expander]
        again = open_app(TRAIN)
        assert f"{folder.name} · uploaded" in labels(again, "train.data.dataset")
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.data.dataset == f"folder:{folder}"

    def test_a_rerun_unpacks_nothing_a_second_time(self, store, monkeypatch):
        app = open_app(TRAIN)
        app.file_uploader(key="upload.zip").upload("pets.zip", archive(), "application/zip").run()
        monkeypatch.setattr(
            "rft_core.files.uploads.unpack", lambda *_: pytest.fail("unpacked again")
        )
        app.number_input(key="train.epsilon").set_value(4.0).run()
        app.selectbox(key="train.data.dataset").set_value("digits").run()
        assert not app.exception
        assert app.selectbox(key="train.data.dataset").value == "digits"

    def test_what_is_no_zip_is_one_line(self, store):
        app = open_app(TRAIN)
        before = app.selectbox(key="train.data.dataset").value
        app.file_uploader(key="upload.zip").upload("pets.zip", b"nothing", "application/zip").run()
        assert not app.exception
        assert "pets.zip" in app.error[0].value
        assert app.selectbox(key="train.data.dataset").value == before
        assert not app.button(key="train.launch").disabled

    def test_an_upload_can_be_removed(self, store):
        app = open_app(TRAIN)
        app.file_uploader(key="upload.zip").upload("pets.zip", archive(), "application/zip").run()
        app.button(key="form.remove_upload").click().run()
        assert not app.exception
        assert list_uploads(find_home()) == []
        assert app.selectbox(key="train.data.dataset").value == "blooms_hard"

    def test_an_upload_that_went_while_the_form_held_it_is_named(self, store):
        app = open_app(TRAIN)
        app.file_uploader(key="upload.zip").upload("pets.zip", archive(), "application/zip").run()
        (folder,) = list_uploads(find_home())
        remove_upload(find_home(), folder.name)
        app.run()
        assert not app.exception
        assert f"there is no folder '{folder}'" in html.unescape(app.error[0].value)


class TestLook:
    @pytest.fixture(autouse=True)
    def _no_process(self, store, monkeypatch):
        self.asked = []
        monkeypatch.setattr(
            dataset_cards,
            "ask_for_card",
            lambda home, spec, again=False: self.asked.append((spec.data.dataset, again)) or True,
        )

    def look(self, dataset: str = "digits"):
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value(dataset).run()
        return app.button(key="form.look").click().run()

    def test_while_it_is_read_the_dialog_says_since_when_and_what(self, monkeypatch):
        monkeypatch.setattr(
            dataset_cards, "reading", lambda home, spec: Reading(75.0, "decoding 12 of 50 pictures")
        )
        app = self.look()
        assert not app.exception
        assert "Reading for 1 min 15 s: decoding 12 of 50 pictures" in read_aloud(app)
        stopped = []
        monkeypatch.setattr(
            dataset_cards, "stop_reading", lambda home, spec: stopped.append(spec.data.dataset)
        )
        app.button(key="form.stop_reading").click().run()
        assert stopped == ["digits"]

    def test_what_went_wrong_is_one_line_with_a_way_out(self, monkeypatch):
        monkeypatch.setattr(
            dataset_cards, "read_card", lambda home, spec: {"error": "no image was found below it"}
        )
        app = self.look()
        assert "no image was found below it" in app.error[0].value
        app.button(key="form.read_again").click().run()
        assert self.asked == [("digits", True)]

    def test_a_card_is_shown_with_its_warnings_first_and_names_as_text(self, monkeypatch, tmp_path):
        Image.fromarray(np.zeros((8, 96, 3), np.uint8)).save(tmp_path / "samples.png")
        monkeypatch.setattr(
            dataset_cards, "read_card", lambda home, spec: CARD | {"made": time.time() - 5}
        )
        monkeypatch.setattr(dataset_cards, "card_folder", lambda home, spec: tmp_path)
        app = self.look()
        assert not app.exception
        shown = read_aloud(app)
        assert "1 of 3 test images are in the training images too" in shown
        assert shown.index("pixel for pixel") < shown.index("could not be read")
        assert "<b>" not in "".join(one.value for one in app.markdown)
        assert "2 classes at 8 pixels" in shown
        assert self.asked == []

    @pytest.mark.parametrize(
        ("dataset", "said"),
        [
            ("folder", "Type the folder's path."),
            ("csv", "Type the table's path."),
            ("hf", "Type the dataset's name"),
        ],
    )
    def test_nothing_chosen_yet_is_no_mistake(self, dataset, said):
        app = self.look(dataset)
        assert not app.error
        assert any(one.value.startswith(said) for one in app.info)
        assert any("nothing to look at yet" in one.value for one in app.info)
        assert app.button(key="train.launch").disabled
        assert self.asked == []

    def test_an_online_dataset_is_not_downloaded_unasked(self, menu, monkeypatch):
        menu(ONLINE)
        monkeypatch.setattr("rft_core.resources.weights.network_is_up", lambda timeout=1.0: True)
        app = self.look("cifar10")
        assert self.asked == []
        monkeypatch.setattr(
            dataset_cards,
            "reading",
            lambda home, spec: Reading(1.0, "downloading") if self.asked else None,
        )
        app.button(key="form.download").click().run()
        assert self.asked == [("cifar10", False)]


def test_the_card_of_the_form_is_that_of_the_command(home):
    spec = with_settings(
        RunSpec(), {"data.dataset": "digits", "data.image_size": 32, "optim.epochs": 3}
    )
    assert dataset_cards.card_key(spec) == dataset_cards.card_key(
        with_settings(RunSpec(), dataset_cards.card_settings(spec))
    )
