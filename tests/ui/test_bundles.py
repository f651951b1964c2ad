"""The Runs page gives a run as a bundle and takes one, through the gate."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.runs_page import bundle_form
from rft_core.bundles.outgoing import bundle_bytes
from rft_core.serving.pin import HASH_VARIABLE, hash_pin
from tests.ui.dashboard import stored_run, texts
from tests.ui.run_page import opened


@pytest.fixture
def bundle(store) -> bytes:
    """A bundle of a run that is gone from the store."""
    run_id = stored_run(store, "travels")
    data = bundle_bytes(store, run_id)
    store.delete(run_id)
    return data


def give(app: AppTest, name: str, data: bytes) -> AppTest:
    app.file_uploader(key="runs.bundles.0").upload(name, data, "application/zip").run()
    app.button(key="runs.bundle.import").click().run()
    assert not app.exception
    return app


def test_an_upload_comes_in_and_is_shown(store, bundle):
    app = give(opened(), "mine.zip", bundle)
    (record,) = store.records()
    assert record.name == "travels"
    assert [one.value for one in app.success] == [
        f"{record.run_id} (travels): imported".replace("-", "&#45;")
        .replace("(", "&#40;")
        .replace(")", "&#41;")
        .replace(":", "&#58;")
    ]
    assert not app.error
    app.run()
    assert not app.success


def test_what_is_no_bundle_is_one_line_and_changes_nothing(store):
    app = give(opened(), "photos.zip", b"nothing")
    assert "photos.zip is not a bundle" in app.error[0].value
    assert store.records() == []


def test_the_download_is_offered_beside_a_run(store):
    stored_run(store, "stays")
    app = opened()
    assert "Download bundle" in [one.proto.label for one in app.get("download_button")]
    assert not app.get("download_button")[0].proto.disabled


def test_a_viewer_gets_neither(store, bundle, monkeypatch):
    stored_run(store, "stays")
    monkeypatch.setenv(HASH_VARIABLE, hash_pin("open sesame"))
    app = opened()
    assert app.get("download_button")[0].proto.disabled
    assert app.button(key="runs.bundle.import").disabled
    # a browser that is not the dashboard's own is not held by what is greyed out
    monkeypatch.setattr(bundle_form, "closed", dict)
    app = give(opened(), "mine.zip", bundle)
    assert "Viewers can look at everything" in texts(app) + "".join(one.value for one in app.error)
    assert [record.name for record in store.records()] == ["stays"]
