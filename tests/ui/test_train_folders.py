"""Image folders and zips on the Train page: what is read is told, and what cannot be used is
refused before Launch.
"""

import html

import pytest

from rft_core.files.home import find_home
from rft_core.files.uploads import list_uploads
from rft_core.jobs import dataset_cards
from tests.further_trees import ASKED, FURTHER
from tests.trees import FIELD, Case, pack, plant, two
from tests.ui.dashboard import TRAIN, open_app, read_aloud


@pytest.fixture(autouse=True)
def _no_process(store, monkeypatch):
    monkeypatch.setattr(dataset_cards, "ask_for_card", lambda home, spec, again=False: True)


@pytest.fixture
def app(store):
    app = open_app(TRAIN)
    return app.selectbox(key="train.data.dataset").set_value("folder").run()


def name(app, path) -> None:
    app.text_input(key="train.folder").set_value(str(path)).run()
    assert not app.exception


def told(app) -> str:
    return html.unescape(
        "\n".join(
            [
                read_aloud(app),
                *(one.value for one in app.caption),
                *(one.value for one in app.get("text")),
            ]
        )
    ).casefold()


def mistake(app) -> str:
    return html.unescape("\n".join(one.value for one in app.error))


def settings_of(case: Case, app) -> None:
    if layout := case.settings.get("layout"):
        app.selectbox(key="train.data.layout").set_value(layout).run()


@pytest.mark.parametrize("case", [*FIELD, FURTHER[0], *FURTHER[-3:]], ids=str)
def test_a_folder_is_told_and_may_be_launched(case: Case, app, store, tmp_path):
    name(app, plant(tmp_path / "set", case.groups))
    settings_of(case, app)
    assert mistake(app) == ""
    shown = told(app)
    assert [line for line in case.lines if line.casefold() not in shown] == []
    app.button(key="train.launch").click().run()
    (record,) = store.records()
    assert record.spec.data.dataset == f"folder:{tmp_path / 'set'}"
    assert record.spec.data.layout == case.settings.get("layout", "auto")


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_what_is_asked_keeps_the_run_from_being_launched(case: Case, app, tmp_path):
    name(app, plant(tmp_path / "set", case.groups))
    settings_of(case, app)
    assert case.asks in mistake(app)
    assert app.button(key="train.launch").disabled


def test_a_question_is_answered_in_the_form(app, store, tmp_path):
    name(app, plant(tmp_path / "set", two("flowers_train/", 6) | two("flowers_test/", 3)))
    assert app.button(key="train.launch").disabled
    app.selectbox(key="train.data.layout").set_value("splits").run()
    app.button(key="train.launch").click().run()
    assert store.records()[0].spec.data.layout == "splits"


def test_the_answer_is_not_kept_for_other_data(app, store, tmp_path):
    name(app, plant(tmp_path / "set", two("", 6)))
    app.selectbox(key="train.data.layout").set_value("classes").run()
    app.selectbox(key="train.data.dataset").set_value("digits").run()
    app.button(key="train.launch").click().run()
    assert store.records()[0].spec.data.layout == "auto"


def test_a_zip_by_its_path(app, tmp_path):
    name(app, pack(tmp_path / "seg.zip", FIELD[0].groups))
    assert mistake(app) == ""
    assert "4 images left out" in told(app)
    name(app, pack(tmp_path / "loose.zip", {"*.png": 30}))
    assert "30 images lie loose in it" in mistake(app)
    assert app.button(key="train.launch").disabled
    assert list_uploads(find_home()) == []


def test_an_uploaded_zip_without_class_folders_is_refused(store, tmp_path):
    app = open_app(TRAIN)
    before = app.selectbox(key="train.data.dataset").value
    content = pack(tmp_path / "loose.zip", {"*.png": 30, "notes.csv": 1}).read_bytes()
    app.file_uploader(key="upload.zip").upload("loose.zip", content, "application/zip").run()
    assert not app.exception
    assert not app.success
    assert "30 images lie loose in it" in mistake(app)
    assert app.selectbox(key="train.data.dataset").value == before
    assert list_uploads(find_home()) == []


def test_an_uploaded_zip_that_is_unclear_has_no_green_tick(store, tmp_path):
    app = open_app(TRAIN)
    content = pack(
        tmp_path / "flowers.zip", two("flowers_train/", 6) | two("flowers_test/", 3)
    ).read_bytes()
    app.file_uploader(key="upload.zip").upload("flowers.zip", content, "application/zip").run()
    assert not app.success
    assert "set data.layout=splits" in html.unescape(app.warning[0].value)
    app.selectbox(key="train.data.layout").set_value("splits").run()
    assert [html.unescape(one.value) for one in app.success] == [
        "flowers.zip: 18 images kept. It is now the chosen dataset."
    ]
    app.button(key="train.launch").click().run()
    assert store.records()[0].spec.data.layout == "splits"


def test_an_uploaded_zip_of_split_folders_is_told(store, tmp_path):
    app = open_app(TRAIN)
    app.file_uploader(key="upload.zip").upload(
        "seg.zip", pack(tmp_path / "seg.zip", FIELD[0].groups).read_bytes(), "application/zip"
    ).run()
    assert [html.unescape(one.value) for one in app.success] == [
        "seg.zip: 22 images kept. It is now the chosen dataset."
    ]
    assert "4 images left out" in told(app)
