"""The story: its figures, the replay, and the race with live runs."""

import re

import pytest

from tests.browser.conftest import points, settle, wait_for_points

pytestmark = pytest.mark.browser


def test_five_steps_by_button_and_back_by_the_address(visit):
    page = visit("/")
    for step in range(2, 6):
        page.get_by_role("button", name="Next").click()
        page.wait_for_url(re.compile(f"step={step}"))
        page.get_by_text(f"step {step} of 5").wait_for()
    assert (
        visit(page.url).get_by_role("heading", level=1).inner_text()
        == page.get_by_role("heading", level=1).inner_text()
    )


def test_the_recorded_race_hides_its_result_and_shows_it_when_asked(visit):
    page = visit("/?step=4")
    hidden = wait_for_points(page, more_than=0)
    page.get_by_role("button", name="Show the result").click()
    wait_for_points(page, more_than=hidden)
    page.get_by_text("Scheduled ends at").first.wait_for()


def test_the_replay_runs_in_the_browser(visit):
    page = visit("/?step=4")
    hidden = wait_for_points(page, more_than=0)
    page.get_by_text("▶ 10×", exact=True).click()
    wait_for_points(page, more_than=hidden)


def test_the_race_runs_live(visit, lab):
    page = visit("/?step=4")
    page.get_by_role("button", name="Run it live here").click()
    page.wait_for_url(re.compile("race="))
    page.get_by_role("heading", name="The race, live").wait_for()
    ids = re.search(r"race=([\w,%-]+)", page.url)[1].replace("%2C", ",").split(",")
    assert [lab.store.get(one).name for one in ids] == ["fixed", "scheduled"]
    drawn = wait_for_points(page, more_than=0)
    page.reload()
    settle(page)
    wait_for_points(page, more_than=drawn)
    assert points(page) > drawn
