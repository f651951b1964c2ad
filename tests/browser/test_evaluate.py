"""One run's model under a closer look: a stronger attack, honesty checks, AutoAttack, a picture
of the visitor's own.
"""

import io
import re

import numpy as np
import pytest
from PIL import Image

from rft_core.jobs.evaluations import list_evaluations
from tests.browser.conftest import settle, wait_for_points

pytestmark = pytest.mark.browser


def evaluate(page, attack: str | None = None, **numbers: int) -> None:
    """Choose an attack and its numbers, and press Evaluate."""
    if attack:
        page.get_by_role("combobox", name="Attack", exact=True).click()
        page.get_by_role("option", name=attack, exact=True).click()
        settle(page)
    for label, value in numbers.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(str(value))
        page.keyboard.press("Tab")
        settle(page)
    # the time is stated before anything is asked for
    page.get_by_text(re.compile("About .+")).first.wait_for()
    page.get_by_role("button", name="Evaluate", exact=True).click()


def test_a_stronger_attack_honesty_and_the_images(visit, lab):
    run_id = lab.runs[2]
    page = visit(f"/evaluate?run={run_id}")
    before = wait_for_points(page, more_than=0)
    evaluate(page, Steps=8, Test_images=20)
    page.get_by_role("heading", name="Is the robustness real?").wait_for()
    assert wait_for_points(page, more_than=before) > before
    for heading in (
        "Which images fall first?",
        "Which classes lose most?",
        "Which classes are confused?",
        "Which weights does the strategy train?",
    ):
        page.get_by_role("heading", name=heading).wait_for()
    kept = list_evaluations(lab.store, run_id)[0]
    assert (kept.status, kept.answer["images"], kept.wanted["steps"]) == ("done", 20, 8)
    assert kept.answer["honesty"]["findings"]
    page.wait_for_url(lambda address: kept.evaluation_id in address)
    address = page.url
    again = visit(address)
    again.get_by_role("heading", name="Is the robustness real?").wait_for()
    assert again.url == address


def test_autoattack_says_its_time_first_and_is_never_weaker(visit, lab):
    run_id = lab.runs[1]
    page = visit(f"/evaluate?run={run_id}")
    wait_for_points(page, more_than=0)
    page.get_by_text("Honesty checks", exact=True).click()
    settle(page)
    evaluate(page, "AutoAttack", Test_images=2)
    page.get_by_text("This evaluation has no honesty checks").wait_for()
    answer = list_evaluations(lab.store, run_id)[0].answer
    assert answer["attack"] == "autoattack"
    accuracies = [point["accuracy"] for point in answer["curve"]]
    assert accuracies == sorted(accuracies, reverse=True)


def test_a_picture_of_ones_own_is_attacked(visit, lab):
    run_id = lab.runs[0]
    page = visit(f"/evaluate?run={run_id}")
    wait_for_points(page, more_than=0)
    page.get_by_text("Attack a picture of your own").click()
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (90, 120, 3), dtype=np.uint8)).save(
        file, "PNG"
    )
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    page.get_by_role("button", name="Attack it").click()
    page.get_by_role("heading", name="Your own picture").wait_for()
    settle(page)
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stImage] img')].filter(image =>"
        " image.naturalWidth).length >= 3"
    )
    assert list_evaluations(lab.store, run_id)[0].is_picture


def test_a_picture_that_is_none_is_refused_in_words(visit, lab):
    page = visit(f"/evaluate?run={lab.runs[0]}")
    wait_for_points(page, more_than=0)
    page.get_by_text("Attack a picture of your own").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    )
    page.get_by_role("button", name="Attack it").click()
    page.get_by_test_id("stAlertContentError").first.wait_for()
    assert "picture" in page.get_by_test_id("stAlertContentError").first.inner_text()
