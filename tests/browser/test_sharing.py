"""A teacher's link with locked controls, and a shared dashboard in which visitors watch
until they give the PIN.
"""

import pytest

from rft_core import submit
from tests.browser.conftest import served, settle, tiny, wait_for_points, wait_for_status

pytestmark = pytest.mark.browser
PIN = "open sesame"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A dashboard that others may look at."""
    with served(tmp_path_factory.mktemp("shared-home"), "--share", RFT_PIN=PIN) as lab:
        yield lab


def test_locked_controls_are_seen_and_cannot_be_changed(visit, lab):
    page = visit(
        "/train?preset=digits_quick&set=threat.epsilon:4/255&lock=threat.epsilon,preset&hide=advanced"
    )
    wait_for_points(page, more_than=0)
    epsilon = page.get_by_label("Target epsilon, n/255", exact=True)
    assert epsilon.is_disabled()
    assert page.get_by_text("Advanced settings").count() == 0
    page.get_by_role("link", name="Runs").first.click()
    settle(page)
    # the lesson goes with the visitor from page to page, and with a copied address
    assert "lock=" in page.url
    page.reload()
    settle(page)
    page.get_by_role("link", name="Train").first.click()
    settle(page)
    assert page.get_by_label("Target epsilon, n/255", exact=True).is_disabled()


def test_a_lesson_opens_at_its_step_for_the_back_of_the_room(visit, lab):
    usual = visit("/?step=3")
    projected = visit("/?step=3&view=projector", width=1920)
    sizes = [
        float(
            page.evaluate(
                "parseFloat(getComputedStyle(document.querySelector('[data-testid=stMarkdownContainer]"
                " p')).fontSize)"
            )
        )
        for page in (usual, projected)
    ]
    assert sizes[1] > sizes[0]
    assert projected.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.mark.parametrize(("width", "is_beside"), [(1920, True), (1280, False)])
def test_a_projected_figure_stands_beside_its_controls_where_the_screen_is_wide(
    visit, lab, width, is_beside
):
    page = visit("/?step=3&view=projector", width=width)
    settle(page)
    wait_for_points(page, more_than=0)
    figure, control = (
        page.get_by_test_id("stPlotlyChart").bounding_box(),
        page.get_by_role("button", name="Show the result").bounding_box(),
    )
    assert (control["x"] > figure["x"] + figure["width"]) == is_beside
    assert (control["y"] < figure["y"] + figure["height"]) == is_beside


def test_a_viewer_watches_and_cannot_launch_until_the_pin_is_given(visit, shared):
    page = visit(f"{shared.url}/train?preset=digits_quick")
    wait_for_points(page, more_than=0)
    button = page.get_by_role("button", name="Launch run")
    assert button.is_disabled()
    # taking the lock off the button in the browser does not open the gate
    button.evaluate("node => { node.disabled = false; node.click() }")
    settle(page)
    assert not shared.store.records()
    page.get_by_role("button", name="Instructor").click()
    page.get_by_label("PIN").fill("wrong")
    page.get_by_role("button", name="Enter").click()
    page.get_by_test_id("stAlertContentError").wait_for()
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("dialog").wait_for(state="detached")
    settle(page)
    assert page.get_by_role("button", name="Launch run").is_enabled()
    assert PIN not in page.content()


def test_a_viewer_sees_a_run_move_and_no_button_to_stop_it(visit, shared):
    run_id = submit(shared.store, tiny("scheduled", **{"optim.epochs": 4}))
    page = visit(f"{shared.url}/runs?run={run_id}")
    wait_for_points(page, more_than=0)
    # what changes nothing is open, what changes something is not
    assert page.get_by_role("button", name="Duplicate").is_enabled()
    for name in ("Stop and keep", "Pause", "Delete"):
        button = page.get_by_role("button", name=name)
        assert not button.count() or button.is_disabled()
    wait_for_status(page, "finished")
    assert page.get_by_role("button", name="Delete").is_disabled()
