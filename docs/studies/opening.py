"""How long a visitor waits: from opening Story to its pictures and to its first chart, and from a
click on the menu to the next page's figure.

Run: python -m docs.studies.opening http://127.0.0.1:8501 (the dashboard must be running; its store
holds finished runs)
"""

import statistics
import sys
import time

from playwright.sync_api import sync_playwright

ROUNDS = 5
DRAWN = (
    "() => document.querySelector('h1')?.innerText.startsWith({title!r}) &&"
    " document.querySelector('.js-plotly-plot .main-svg') !== null"
)
PICTURES = "() => document.querySelector('.attacked img')?.complete === true"
PAGES = (("Train", "Train"), ("Runs", "Runs"), ("Compare", "Compare"), ("Story", "A tiny change"))
ARGUMENTS = ("--no-sandbox", "--disable-gpu")


def wait_for(page, drawn: str, begun: float) -> float:
    """Return the seconds since `begun` until the page says that it has
    `drawn` what is waited for.
    """
    while not page.evaluate(drawn):
        page.wait_for_timeout(20)
    return time.monotonic() - begun


def main(url: str) -> None:
    seconds = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for _ in range(ROUNDS):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            begun = time.monotonic()
            page.goto(url, wait_until="commit")
            seconds.setdefault("opening Story, empty browser cache, its pictures", []).append(
                wait_for(page, PICTURES, begun)
            )
            seconds.setdefault("the same, its chart", []).append(
                wait_for(page, DRAWN.format(title="A tiny change"), begun)
            )
            for link, title in PAGES:
                begun = time.monotonic()
                page.get_by_role("link", name=link).first.click()
                seconds.setdefault(f"click to {link}", []).append(
                    wait_for(page, DRAWN.format(title=title), begun)
                )
            page.context.close()
        browser.close()
    for name, taken in seconds.items():
        print(f"| {name} | {statistics.median(taken):.1f} | {min(taken):.1f} to {max(taken):.1f} |")


if __name__ == "__main__":
    main(sys.argv[1])
