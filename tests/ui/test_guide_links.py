"""Every link of the docs into the dashboard opens the view that it asks for."""

from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from tests.architecture.markdown import pages
from tests.architecture.source import CHECKOUT
from tests.unit.report.stored import stored

ADDRESS = "http://127.0.0.1:8501"
LINKS = sorted({link for page in pages() for link in page.links if link.startswith(ADDRESS)})
SECONDS = 60


def asked(link: str) -> tuple[str, dict[str, list[str]]]:
    """Return the script of a link's page, "" for Story, and its parameters."""
    parts = urlsplit(link)
    name = parts.path.strip("/")
    return f"pages/{name}.py" if name else "", parse_qs(parts.query, keep_blank_values=True)


def opened(link: str) -> AppTest:
    """Return the dashboard after a visitor followed `link`."""
    script, query = asked(link)
    app = AppTest.from_file(str(CHECKOUT / "app.py"), default_timeout=SECONDS)
    _write(app, query)
    app.run()
    if not script:
        return app
    # the first run wrote an address of Story's own
    _write(app, query)
    return app.switch_page(script).run()


def _write(app: AppTest, query: dict[str, list[str]]) -> None:
    for name, values in query.items():
        app.query_params[name] = values


def kept(app: AppTest, query: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what the address of `app` says of the parameters in `query`, in any order."""
    said = {name: app.query_params.get(name) or [] for name in query}
    return {name: sorted([one] if isinstance(one, str) else one) for name, one in said.items()}


def in_order(query: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: sorted(values) for name, values in query.items()}


def test_there_is_something_to_look_at():
    assert len(LINKS) > 15


@pytest.mark.parametrize("link", LINKS)
def test_a_link_of_the_docs_is_taken_as_it_is(store, link):
    for seed in range(3):
        stored(store, f"run {seed}", seed=seed)
    app = opened(link)
    complaints = [str(one.value) for kind in ("exception", "error") for one in getattr(app, kind)]
    complaints += [str(one.value) for one in app.warning]
    assert complaints == []
    _, query = asked(link)
    # what a page cannot take, or what it says without being asked, leaves the address
    assert kept(app, query) == in_order(query)


@pytest.mark.parametrize(
    "query",
    ["preset=fixed&set=optim.epoch:3", "preset=nowhere", "lock=optim.epoch", "overlay=hill"],
)
def test_a_planted_link_is_found(store, query):
    app = opened(f"{ADDRESS}/train?{query}")
    assert app.warning or app.error or kept(app, parse_qs(query)) != in_order(parse_qs(query))
