"""No dead link: files, anchors, and the files of docs/ that code and tests speak of."""

import re
from pathlib import Path

import pytest

from tests.architecture.markdown import Page, pages, slug
from tests.architecture.source import CHECKOUT, for_each

ALL = {page.path: page for page in pages()}
ELSEWHERE = ("http://", "https://", "mailto:")
CODE = [
    path
    for folder in ("rft_core", "pages", "tests", "docs")
    for path in sorted((CHECKOUT / folder).rglob("*.py"))
] + [CHECKOUT / "app.py", CHECKOUT / "Makefile", CHECKOUT / "pyproject.toml"]
DOCS_FILE = re.compile(r"\bdocs/[\w/.-]+\.(?:md|svg|png)\b")


def dead_links(page: Page) -> list[str]:
    """Return the links of `page` that lead to no file, or to no heading of their file."""
    dead = []
    for link in page.links:
        if link.startswith(ELSEWHERE):
            continue
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        there = page if not name else ALL.get(target)
        is_there = not name or target.exists()
        if not is_there or (anchor and (there is None or anchor not in there.anchors)):
            dead.append(link)
    return dead


def test_there_is_something_to_look_at():
    assert len(ALL) > 15
    assert sum(len(page.links) for page in ALL.values()) > 100


@pytest.mark.parametrize("page", ALL.values(), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    assert dead_links(page) == []


@for_each("path", CODE, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_code_speaks_of_docs_that_are_there(path):
    named = set(DOCS_FILE.findall(path.read_text(encoding="utf-8")))
    assert [name for name in named if not (CHECKOUT / name).is_file()] == []


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("[a](nowhere.md)", ["nowhere.md"]),
        ("[a](README.md)", []),
        ("![a](assets/nowhere.png)", ["assets/nowhere.png"]),
        ("[a](README.md#no-such-heading)", ["README.md#no-such-heading"]),
        ("[a](README.md#the-house)", []),
        ("# Here\n[a](#here) [b](#there)", ["#there"]),
        ("[`code`](nowhere.md) in\n[two\nlines](nowhere2.md)", ["nowhere.md", "nowhere2.md"]),
        ("```\n[a](nowhere.md)\n```\n[a](https://example.org/x)", []),
    ],
)
def test_a_planted_link_is_found(text, dead):
    assert dead_links(Page(CHECKOUT / "planted.md", text)) == dead


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("The house", "the-house"),
        ("`data`", "data"),
        (
            "Onset, suboptimal transfer, transfer failure",
            "onset-suboptimal-transfer-transfer-failure",
        ),
        ("Is fixed only badly tuned?", "is-fixed-only-badly-tuned"),
        ("A [link](x.md) here", "a-link-here"),
    ],
)
def test_anchors_are_githubs(heading, anchor):
    assert slug(heading) == anchor


def test_equal_headings_are_numbered():
    assert Page(Path("x.md"), "# A\n## A\n### A\n").anchors == {"a", "a-1", "a-2"}
