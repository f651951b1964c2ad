"""rft_core.report.files.html_report: one file that has everything, needs no network, and runs
nothing that a name says.
"""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest

from rft_core.report.comparison.view import View
from rft_core.report.files.html_report import _chart, html_report
from rft_core.spec.run_spec import parse
from tests.unit.report.stored import content, stored

HOSTILE = '"></script><script>alert(1)</script><img src=x onerror=alert(2)>'


class Page(HTMLParser):
    """The elements of a document, the text of each, and every attribute."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple] = []
        self.texts: list[tuple[str, dict, str]] = []
        self.open: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]
        if tag != "meta":
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.texts.append((*self.open[-1], data) if self.open else ("", {}, data))

    def within(self, tag: str) -> list[str]:
        return [data for name, _, data in self.texts if name == tag]

    def charts(self) -> dict[str, dict]:
        return {
            attributes["data-chart"]: json.loads(data)
            for tag, attributes, data in self.texts
            if tag == "script" and "data-chart" in attributes
        }


@pytest.fixture
def page(store):
    runs = [stored(store, "fixed", schedule__kind="constant", seed=seed) for seed in (0, 1)]
    runs += [
        stored(store, HOSTILE, seed=seed, notes=HOSTILE, tags=[HOSTILE[:50]], shares=(0.8, 0.6))
        for seed in (0, 1)
    ]
    runs.append(stored(store, "broken", status="failed", seed=2))
    return Page(html_report(content(store, runs, View(group="seeds")), store.home.runs)), runs


def test_it_is_whole(page):
    document, runs = page
    text = " ".join(data for tag, _, data in document.texts if tag not in ("script", "style"))
    for wanted in (
        "Which run learns its task",
        "How robust is each",
        "What does robustness cost",
        "Settings that differ",
        "Settings in common",
        "Run it again",
        "torch",
        "same",
    ):
        assert wanted in text
    assert all(record.run_id in text for record in runs)
    assert "the difference at 8/255 (PGD-10, n 200) is" in text
    assert "Means of each group" in text
    assert set(document.charts()) == {"tracking", "curves", "pareto"}
    assert all(chart["data"] for chart in document.charts().values())


def test_each_run_can_be_run_again_from_it(page):
    document, runs = page
    specs = [parse(text) for text in document.within("pre") if text.startswith("{")]
    assert specs == [record.spec for record in runs]
    assert (
        "python -m rft_core run --preset digits_quick --set name=fixed --set seed=1 --set"
        " schedule.kind=constant --set evaluation.attack=pgd" in document.within("pre")
    )
    assert "python -m rft_core run --spec spec.json" in document.within("code")


def test_nothing_is_fetched(page):
    document, _ = page
    assert not {"link", "img", "iframe", "object", "embed", "base", "a", "form"} & set(
        document.tags
    )
    assert [
        one
        for one in document.attributes
        if one[1] in ("src", "href", "srcset", "action", "background") or one[1].startswith("on")
    ] == []
    assert not re.search(r"url\(|@import", " ".join(document.within("style")))


def test_plotly_is_there_once(page):
    document, _ = page
    assert len([text for text in document.within("script") if "plotly.js v" in text[:200]]) == 1


def test_a_name_runs_nothing(page):
    document, _ = page
    scripts = [(attributes, data) for tag, attributes, data in document.texts if tag == "script"]
    assert len(scripts) == document.tags.count("script") == 5
    assert "alert(1)" not in "".join(
        data for attributes, data in scripts if "data-chart" not in attributes
    )
    # in a figure a name is escaped once more, since plotly reads some markup
    assert all(
        "<script" not in json.dumps(chart) and "<img" not in json.dumps(chart)
        for chart in document.charts().values()
    )
    assert any(HOSTILE in text for tag, _, text in document.texts if tag in ("td", "h3"))


def test_only_its_own_scripts_may_run(page):
    document, _ = page
    policy = next(
        value
        for tag, name, value in document.attributes
        if tag == "meta" and name == "content" and "script-src" in value
    )
    wanted = [
        base64.b64encode(hashlib.sha256(data.encode()).digest()).decode()
        for tag, attributes, data in document.texts
        if tag == "script" and not attributes
    ]
    assert re.search("script-src ([^;]+)", policy)[1] == " ".join(
        f"'sha256-{digest}'" for digest in wanted
    )
    assert "default-src 'none'" in policy


def test_every_figure_has_words(page):
    document, _ = page
    labels = [value for tag, name, value in document.attributes if name == "aria-label"]
    assert len(labels) == 3
    assert all(label in document.within("figcaption") for label in labels)


def test_no_home_folder_is_told(store, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    text = html_report(
        content(store, [stored(store, "a", data__dataset="folder:/home/ada/flowers")]),
        store.home.runs,
    )
    assert "/home/ada" not in text
    assert "folder:~/flowers" in text


def test_one_run_alone_runs_nothing_either(store):
    document = Page(html_report(content(store, [stored(store, HOSTILE)]), store.home.runs))
    assert document.tags.count("script") == 5
    assert "img" not in document.tags
    assert any(HOSTILE in text for text in document.within("h1"))


def test_a_baseline_runs_nothing(store):
    document = Page(
        html_report(content(store, [stored(store, HOSTILE), stored(store, "b")]), store.home.runs)
    )
    assert f"Against {HOSTILE}" in document.within("h2")
    assert document.tags.count("script") == 5


def test_a_chart_ends_no_script_whatever_plotly_escapes(monkeypatch):
    monkeypatch.setattr(go.Figure, "to_json", lambda figure: json.dumps({"name": HOSTILE}))
    document = Page(_chart("curves", go.Figure(), "said"))
    assert document.tags.count("script") == 1
    assert document.charts()["curves"] == {"name": HOSTILE}
