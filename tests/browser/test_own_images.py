"""A zip of the visitor's own pictures: uploaded, looked at, trained on."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import settle, wait_for_status
from tests.browser.test_runs import launch
from tests.zips import packed

pytestmark = pytest.mark.browser
COLOURS = {"leaf": (40, 140, 50), "sand": (210, 180, 120), "sea": (30, 80, 170)}


def photographs(count: int = 16) -> bytes:
    """Return a zip of JPEG pictures of 48 pixels, three classes: a colour of their own under noise
    and light from one side.
    """
    drawn = np.random.default_rng(0)
    members = []
    for name, colour in COLOURS.items():
        for place in range(count):
            light = np.linspace(0.7, 1.2, 48)[None, :, None]
            pixels = np.clip(
                np.array(colour) * light + drawn.normal(0, 25, (48, 48, 3)), 0, 255
            ).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG")
            members.append((f"holiday/{name}/{place}.jpg", file.getvalue()))
    return packed([*members, ("holiday/notes.txt", b"no picture")])


def test_an_uploaded_zip_is_looked_at_and_trained_on(visit, lab):
    page = visit("/train?preset=digits_quick")
    page.get_by_role("button", name="Upload a zip").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "holiday.zip", "mimeType": "application/zip", "buffer": photographs()}
    )
    page.get_by_text("48 images kept").wait_for()
    page.get_by_text("1 file was left out").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Look at the data").click()
    dialog = page.get_by_role("dialog")
    for name in COLOURS:
        dialog.get_by_text(name).first.wait_for()
    # the server forgets the pictures of a dialog with the dialog: one still on
    # its way would be missed
    page.wait_for_function(
        "[...document.querySelectorAll('[role=dialog] img')].every(image => image.complete &&"
        " image.naturalWidth)"
    )
    dialog.get_by_role("button", name="Close").click()
    settle(page)
    run_id = launch(page, Epochs=4, **{"Training images": 30})
    wait_for_status(page, "finished")
    record = lab.store.get(run_id)
    assert record.spec.data.dataset.startswith("folder:")
    assert record.report["clean_accuracy"] > 0
