"""axe-core finds nothing serious or critical on any page, in either theme."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import settle, wait_for_points

pytestmark = pytest.mark.browser
# (rule, part of the element's HTML, why it is left)
STREAMLITS_OWN = (
    (
        "color-contrast",
        "<p>Look back</p>",
        (
            "names a slider that is disabled, which WCAG exempts; Streamlit does not tie its label"
            " to it"
        ),
    ),
    ("color-contrast", "<p>Band</p>", "the same of the menu of bands where nothing is grouped"),
)
PATHS = ("/", "/?step=2", "/?step=3", "/?step=4", "/?step=5", "/train", "/runs", "/compare")


def faults(page) -> list[str]:
    """Return the serious and critical findings of axe once the page is still,
    one line an element.
    """
    settle(page)
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if not any(rule["id"] == name and part in node["html"] for name, part, _ in STREAMLITS_OWN)
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page(visit, lab, theme):
    page = visit("/", theme)
    found = []
    for path in PATHS:
        page.goto(lab.url + path)
        settle(page)
        wait_for_points(page, more_than=0)
        found += [f"{path} {fault}" for fault in faults(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_opened_parts_and_mistakes(visit, lab, theme):
    page = visit("/train", theme)
    page.get_by_text("Advanced settings").click()
    page.get_by_role("button", name="Upload a zip").click()
    page.get_by_text("A zip of images").first.wait_for()
    found = faults(page)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Dataset").click()
    page.get_by_role("option", name="Image folder or zip").click()
    page.get_by_label("Folder or zip", exact=True).fill("/nowhere")
    page.keyboard.press("Tab")
    page.get_by_text("there is no folder").first.wait_for()
    found += faults(page)
    page.goto(f"{lab.url}/runs?run={lab.runs[0]}")
    settle(page)
    page.get_by_text("Settings, log and command").click()
    page.get_by_role("button", name="Notes").click()
    page.get_by_text("The numbers of the run never change").wait_for()
    found += faults(page)
    page.goto(f"{lab.url}/?race={','.join(lab.runs[1:])}")
    wait_for_points(page, more_than=0)
    found += faults(page)
    assert not found, "\n".join(found)
