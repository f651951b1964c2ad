"""The chart of a custom schedule in a real browser: mouse, keyboard, table and
address say the same.
"""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import settle
from tests.browser.test_accessibility import faults

pytestmark = pytest.mark.browser
START = [[0, 0], [0.3, 0], [0.6, 1], [1, 1]]
LINK = f"/train?preset=digits_quick&set=schedule.kind:custom&set=schedule.points:{json.dumps(START, separators=(',', ':'))}"
FOCUSED = "document.activeElement.shadowRoot?.activeElement?.getAttribute('aria-label')"
# of the pills of one group: how many heights they stand at
ROWS = (
    "() => new"
    " Set([...document.querySelectorAll('[data-testid=stButtonGroup]')[0].querySelectorAll('button')].map(one"
    " => Math.round(one.getBoundingClientRect().top))).size"
)


def in_address(page) -> list[list[float]]:
    items = parse_qs(urlsplit(page.url).query).get("set", [])
    return next(
        (json.loads(one.partition(":")[2]) for one in items if one.startswith("schedule.points:")),
        [],
    )


def wait_for_address(page, wanted: list[list[float]]) -> None:
    text = "schedule.points:" + json.dumps(
        [[float(value) for value in point] for point in wanted], separators=(",", ":")
    )
    page.wait_for_function(
        "text => new URLSearchParams(location.search).getAll('set').includes(text)", arg=text
    )
    settle(page)


def middle(page, index: int) -> tuple[float, float]:
    box = page.locator(".handle").nth(index).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, index: int, progress: float, factor: float) -> None:
    """Drag a point to a place, measured on the chart's first and last point of START's scale."""
    (left, _), (right, _) = middle(page, 0), middle(page, page.locator(".handle").count() - 1)
    low = page.locator(".grid").first.bounding_box()["y"]
    high = page.locator(".grid").last.bounding_box()["y"]
    page.mouse.move(*middle(page, index))
    page.mouse.down()
    page.mouse.move(left + 5, high + 5, steps=3)
    page.mouse.move(left + progress * (right - left), low + factor * (high - low), steps=5)
    page.mouse.up()


def expect_values(page, *values: str) -> None:
    """Wait until the table shows these values, cell by cell."""
    expect(page.get_by_test_id("stDataFrame").first.locator("td")).to_have_text(list(values))


def type_into(page, row: int, column: int, text: str) -> None:
    """Click a cell of the table, counted from 0, and type; the canvas has rows of 35 pixels below a
    header of the same height.
    """
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = table.bounding_box()
    page.mouse.click(box["x"] + (box["width"] - 40 if column else 150), box["y"] + 35 * (row + 1.5))
    page.wait_for_timeout(500)
    # the field of a cell is loaded when the first one opens; what is typed before that is lost
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.matches('input')")
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.wait_for_function("text => document.activeElement.value === text", arg=text)
    page.keyboard.press("Enter")


@pytest.fixture
def editor(visit):
    def open_editor(theme: str = "light", width: int = 1280):
        page = visit(LINK, theme, width)
        expect(page.locator(".handle")).to_have_count(4)
        settle(page)
        return page

    return open_editor


def test_a_cold_link_shows_its_points_in_chart_and_table(editor):
    page = editor()
    assert [one.get_attribute("aria-valuetext") for one in page.locator(".handle").all()][
        1
    ] == "epoch 1.2, epsilon 0.00/255"
    expect_values(page, "0", "0", "30", "0", "60", "100", "100", "100")


def test_two_points_dragged_at_once_reach_table_and_address_and_come_back(editor):
    page = editor()
    # the second begins before the page has answered to the first
    drag(page, 2, 0.8, 0.5)
    drag(page, 1, 0.2, 0.25)
    wanted = [[0, 0], [0.2, 0.25], [0.8, 0.5], [1, 1]]
    wait_for_address(page, wanted)
    expect_values(page, "0", "0", "20", "25", "80", "50", "100", "100")
    # a point does not pass its neighbour
    drag(page, 1, 0.95, 0.25)
    wait_for_address(page, [[0, 0], [0.8, 0.25], [0.8, 0.5], [1, 1]])
    page.reload()
    expect(page.locator(".handle")).to_have_count(4)
    settle(page)
    assert in_address(page) == [[0, 0], [0.8, 0.25], [0.8, 0.5], [1, 1]]
    expect(page.locator(".handle").nth(2)).to_have_attribute(
        "aria-valuetext", "epoch 3.2, epsilon 4.00/255"
    )


def test_a_double_click_adds_a_point_but_not_on_a_point(editor):
    page = editor()
    (x, y), (right, _) = middle(page, 1), middle(page, 2)
    page.mouse.dblclick((x + right) / 2, y)
    wait_for_address(page, [[0, 0], [0.3, 0], [0.45, 0], [0.6, 1], [1, 1]])
    page.mouse.dblclick(*middle(page, 2))
    page.wait_for_timeout(1000)
    expect(page.locator(".handle")).to_have_count(5)


def test_the_keyboard_alone_moves_adds_and_removes(editor):
    page = editor()
    page.get_by_role("slider", name="Point 2 of 4").focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    wait_for_address(page, [[0, 0], [0.32, 0.11], [0.6, 1], [1, 1]])
    # the page ran meanwhile and the point still has the focus
    assert page.evaluate(FOCUSED) == "Point 2 of 4"
    page.keyboard.press("Enter")
    wait_for_address(page, [[0, 0], [0.32, 0.11], [0.46, 0.555], [0.6, 1], [1, 1]])
    assert page.evaluate(FOCUSED) == "Point 3 of 5"
    for _ in range(5):
        page.keyboard.press("Delete")
    wait_for_address(page, [[0.6, 1], [1, 1]])
    assert page.evaluate(FOCUSED) == "Point 1 of 2"
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Point 2 of 2"


def test_a_cell_of_the_table_moves_its_point(editor):
    page = editor()
    type_into(page, 2, 1, "40")
    wait_for_address(page, [[0, 0], [0.3, 0], [0.6, 0.4], [1, 1]])
    expect(page.locator(".handle").nth(2)).to_have_attribute("aria-valuenow", "40")
    # and a point that was typed can be dragged
    page.get_by_role("heading", name="Train", exact=True).scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    drag(page, 2, 0.5, 0.75)
    wait_for_address(page, [[0, 0], [0.3, 0], [0.5, 0.75], [1, 1]])
    expect_values(page, "0", "0", "30", "0", "50", "75", "100", "100")


def test_rows_that_fall_are_named_and_sorted(editor):
    page = editor()
    type_into(page, 1, 0, "80")
    expect(page.get_by_text("row 3 falls from 80 to 60 %").first).to_be_visible()
    # what the page drew before goes when its script has ended
    settle(page)
    expect(page.locator(".handle")).to_have_count(0)
    expect(page.get_by_role("button", name="Launch run")).to_have_count(1)
    expect(page.get_by_role("button", name="Launch run")).to_be_disabled()
    page.get_by_role("button", name="Sort the rows").click()
    wait_for_address(page, [[0, 0], [0.6, 1], [0.8, 0], [1, 1]])
    expect(page.locator(".handle")).to_have_count(4)
    expect(page.get_by_role("button", name="Launch run")).to_be_enabled()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_chart(editor, theme):
    assert faults(editor(theme)) == []


def test_a_locked_schedule_is_only_looked_at(visit):
    page = visit(f"{LINK}&lock=schedule")
    expect(page.locator(".handle")).to_have_count(4)
    settle(page)
    drag(page, 2, 0.8, 0.5)
    page.get_by_role("slider", name="Point 2 of 4").focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(1500)
    assert in_address(page) == START


def test_presets_take_two_rows(visit):
    page = visit("/train")
    page.get_by_role("radio", name="Tradeoff, full size").or_(
        page.get_by_role("button", name="Tradeoff, full size")
    ).first.wait_for()
    assert page.evaluate(ROWS) <= 2
