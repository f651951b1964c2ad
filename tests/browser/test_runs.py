"""A run launched by clicking, watched, and found again after a refresh."""

import re

import pytest

from tests.browser.conftest import points, settle, wait_for_points, wait_for_status

pytestmark = pytest.mark.browser


SMALL = {"Training images": 128, "Images measured live": 40, "Attack steps, training": 1}


def launch(page, **fields: int) -> str:
    """Fill fields of the form by their labels, press Launch run, and return the run's id from
    the address of Runs.
    """
    page.get_by_text("Advanced settings").click()
    for label, value in (SMALL | fields).items():
        page.get_by_label(label, exact=True).fill(str(value))
        page.keyboard.press("Tab")
        settle(page)
    page.get_by_role("button", name="Launch run").click()
    page.wait_for_url(re.compile(r"/runs\?.*run="))
    found = re.search(r"run=([\w-]+)", page.url)
    assert found
    return found[1]


def test_a_launched_run_moves_survives_a_refresh_and_is_stopped(visit, lab):
    page = visit("/train?preset=digits_quick")
    run_id = launch(page, Epochs=300, Measurements=300)
    address = page.url
    drawn = wait_for_points(page, more_than=0)
    wait_for_points(page, more_than=drawn)
    page.reload()
    settle(page)
    assert page.url == address
    assert lab.store.get(run_id).status == "running"
    wait_for_points(page, more_than=drawn)
    page.get_by_role("button", name="Stop and keep").click()
    wait_for_status(page, "stopped")
    assert lab.store.get(run_id).report["curve"]


def test_a_click_in_the_list_is_kept_in_the_address(visit, lab):
    page = visit(f"/runs?run={lab.runs[0]}")
    wait_for_points(page, more_than=0)
    # the table is a canvas: its second row
    table = page.get_by_test_id("stDataFrame").first.bounding_box()
    page.mouse.click(table["x"] + 15, table["y"] + 35 * 2 + 17)
    page.wait_for_url(lambda address: lab.runs[0] not in address)
    chosen = re.search(r"run=([\w-]+)", page.url)[1]
    page.get_by_text(lab.store.get(chosen).name, exact=True).locator(
        "visible=true"
    ).first.wait_for()


def test_the_scrubber_draws_an_earlier_curve(visit, lab):
    page = visit(f"/runs?run={lab.runs[2]}")
    wait_for_points(page, more_than=0, figure=1)
    final = page.evaluate("[...document.querySelectorAll('.js-plotly-plot')[1]._fullData[0].y]")
    page.get_by_role("slider", name="Look back").focus()
    page.keyboard.press("Home")
    page.wait_for_function(
        "final =>"
        " JSON.stringify([...document.querySelectorAll('.js-plotly-plot')[1]._fullData[0].y]) !=="
        " JSON.stringify(final)",
        arg=final,
    )
    assert points(page, 1) > 0
