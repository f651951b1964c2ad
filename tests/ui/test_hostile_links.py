"""Links with hostile values in every parameter of every page: the page comes, in time, and
repeats nothing as markup.
"""

import html
import os
import time

import pytest

from tests.ui.dashboard import open_app, stored_run

FULL = bool(os.environ.get("RFT_FUZZ"))
LONGEST_SECONDS = 25.0
EVIL = "[evil](http://evil.example) <b>evil</b> `x` $\\frac{1}{0}$ :red[evil] **evil**"
HUGE = "9" * 400
VALUES = {
    "markup": EVIL,
    "huge": HUGE,
    "long": "x" * 60_000,
    "commas": "," * 5000,
    "odd": "\x00\x1b[31m\u202egnp.exe\n\u2028",
    "digits": "²٣",
    "longer than any number": "1" * 5000,
    "json": '{"a": [NaN, -Infinity, 1e999]}',
    "nested": "[" * 5000,
    "negative": "-1",
    "sql": "' or 1=1; drop table runs; --%_",
    "path": "../../etc/passwd",
}
USUAL = ("markup", "huge", "long", "odd", "longer than any number")
SETTINGS = (
    "seed",
    "optim.epochs",
    "optim.learning_rate",
    "threat.epsilon",
    "threat.norm",
    "schedule.kind",
    "schedule.points",
    "schedule.ramp_end",
    "strategy.alpha",
    "data.dataset",
    "data.domains",
    "model.backbone",
    "model.checkpoint",
    "name",
    "notes",
    "optim",
    "",
    "__class__",
)
EVERYWHERE = ("lock", "hide", "view")
ASKED = {
    "": ("step", "race"),
    "pages/train.py": ("preset", "seed", "from", "set", "overlay"),
    "pages/runs.py": (
        "run",
        "runs.search",
        "runs.order",
        "runs.statuses",
        "runs.datasets",
        "runs.tags",
    ),
    "pages/compare.py": ("runs", "x", "group", "band", "base", "show"),
    "pages/evaluate.py": ("run", "evaluation"),
}


@pytest.fixture
def shown(store):
    """A store with two measured runs, one with a name, notes and a tag that are markup."""
    ids = [stored_run(store, EVIL, notes=EVIL, tags=[EVIL[:40]]), stored_run(store, "plain")]
    return store, ids


def asked(page: str, value: str, ids: list[str]) -> list[dict]:
    """The queries that put `value` into every parameter of a page, alone and beside
    a run that there is.
    """
    both = dict.fromkeys((*ASKED[page], *EVERYWHERE), value)
    if page == "":
        return [{"step": value}, {"race": f"{value},{ids[0]},{value}"}]
    if page == "pages/train.py":
        items = [f"{name}:{value}" for name in SETTINGS] + [value]
        return [both | {"set": items}, {"preset": "fixed", "from": ids[0], "set": items}]
    if page == "pages/compare.py":
        return [both, both | {"runs": ",".join([*ids, value])}]
    if page == "pages/evaluate.py":
        return [both, {"run": ids[0], "evaluation": value}]
    return [both]


def said(app) -> list[str]:
    """Everything that Streamlit reads as Markdown."""
    kinds = ("markdown", "caption", "info", "error", "warning", "success", "subheader", "title")
    return [str(one.value) for kind in kinds for one in getattr(app, kind)]


@pytest.mark.parametrize("value", list(VALUES) if FULL else USUAL)
@pytest.mark.parametrize("page", list(ASKED))
def test_a_hostile_link_is_a_page(shown, page, value):
    _, ids = shown
    for query in asked(page, VALUES[value], ids):
        started = time.monotonic()
        app = open_app(page, **query)
        assert not app.exception, [one.message for one in app.exception]
        assert time.monotonic() - started < LONGEST_SECONDS
        for line in said(app):
            assert "](http://evil" not in line
            assert "<b>evil" not in line
            assert ":red[evil" not in line
            assert len(html.unescape(line)) < 4000
