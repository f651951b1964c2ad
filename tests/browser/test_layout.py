"""Both themes, both widths, the keyboard alone, and no error in the console."""

import re

import pytest

from tests.browser.conftest import points, settle, wait_for_points

pytestmark = pytest.mark.browser
PAGES = ("/", "/train", "/runs", "/compare")
SMALLEST_PIXELS = 12
# the visible texts that are smaller than they may be; icons are letters of a font
SMALL_TEXTS = """least => [...document.querySelectorAll('[data-testid=stMain] *')].filter(one =>
    [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) && one.checkVisibility()
    && one.getBoundingClientRect().width > 1 && parseFloat(getComputedStyle(one).fontSize) < least).map(one => one.textContent.trim().slice(0, 40))"""
OVERHANG = """() => Math.max(...[document.documentElement, document.querySelector('[data-testid=stMain]')].map(one => one.scrollWidth - one.clientWidth))"""
BACKGROUND = (
    "() =>"
    " getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/\\d+/g).map(Number)"
)
FOCUSED = (
    "() => `${document.activeElement.getAttribute('aria-label') ?? ''}"
    " ${document.activeElement.innerText ?? ''}`"
)


@pytest.mark.parametrize("width", [1280, 1920])
def test_nothing_hangs_over_and_every_text_can_be_read(visit, lab, width):
    page = visit("/", width=width)
    for path in PAGES:
        page.goto(lab.url + path)
        settle(page)
        wait_for_points(page, more_than=0)
        assert page.evaluate(OVERHANG) <= 0, path
        assert page.evaluate(SMALL_TEXTS, SMALLEST_PIXELS) == [], path


@pytest.mark.parametrize(("theme", "is_dark"), [("light", False), ("dark", True)])
def test_the_page_takes_the_theme_of_the_system(visit, theme, is_dark):
    page = visit("/", theme)
    assert (sum(page.evaluate(BACKGROUND)) < 3 * 128) == is_dark
    wait_for_points(page, more_than=0)


def test_the_menu_leads_to_every_page_without_an_error(visit):
    page = visit("/")
    for name in ("Train", "Runs", "Compare", "Story"):
        page.get_by_test_id("stTopNavLink").filter(has_text=name).or_(
            page.get_by_role("link", name=name)
        ).first.click()
        page.wait_for_url(re.compile("/$|step=" if name == "Story" else f"/{name.lower()}"))
        settle(page)
        wait_for_points(page, more_than=0)


def test_the_main_path_with_the_keyboard_alone(visit, lab):
    page = visit("/train?preset=scheduled")
    press(page, "Standard")
    # the choices of a group are one stop; the arrows move in it
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("preset=digits_quick"))
    settle(page)
    press(page, "Launch run")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/runs\?.*run="))
    settle(page)
    wait_for_points(page, more_than=0)
    press(page, "Compare")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/compare"))
    settle(page)
    wait_for_points(page, more_than=0)
    assert points(page) > 0


def press(page, name: str, most: int = 80) -> None:
    """Press Tab until the element called `name` has the focus."""
    for _ in range(most):
        if re.search(rf"\b{name}\b", focused := page.evaluate(FOCUSED)) and len(focused) < 100:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach '{name}' in {most} steps")
