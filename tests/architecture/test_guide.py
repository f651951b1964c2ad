"""The guide names every setting, command, page and method, and its made pages are current."""

import re

import pytest
import typer

from docs import reference
from rft_core import PRESETS, choices, cli
from rft_core.spec.run_spec import setting_names
from tests.architecture.markdown import Page
from tests.architecture.source import CHECKOUT, PACKAGE

GUIDE = CHECKOUT / "docs" / "guide"
MADE = {path.name for path in reference.pages()}
STORY = "story"
PAGES = sorted(path.stem for path in (CHECKOUT / "pages").glob("*.py") if path.stem != "__init__")
# a menu as long as a catalog is explained by its kinds; its rows are in menus.md
METHODS = [
    (menu, row.name)
    for menu in ("schedules", "attacks", "objectives", "strategies", "datasets")
    for row in choices(menu)
]


def page(name: str) -> Page:
    path = GUIDE / name
    return Page(path, path.read_text(encoding="utf-8"))


def names(found: Page) -> set[str]:
    """Every name that a page writes as code, of `folder:PATH` its scheme too."""
    return {part for span in found.spans for part in (span, span.partition(":")[0])}


@pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.name)
def test_a_made_page_is_current(path):
    text = reference.pages()[path]
    assert reference.is_current(path, text), "stale: run `python -m docs.reference`"


def test_a_stale_page_is_found():
    path, text = next(iter(reference.pages().items()))
    assert not reference.is_current(path, text.replace("`seed`", "`sede`"))
    assert not reference.is_current(GUIDE / "nowhere.md", text)


def test_the_settings_page_names_every_setting():
    assert set(setting_names()) <= names(page("settings.md"))


def test_the_commands_page_has_every_command_and_option():
    found = page("commands.md")
    for name, command in typer.main.get_command(cli.app).commands.items():
        assert name in found.anchors
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert f"`{option}" in found.text, f"{name} {option}"


@pytest.mark.parametrize(
    ("menu", "name"), METHODS, ids=[f"{kind}.{name}" for kind, name in METHODS]
)
def test_every_method_is_explained_on_its_page(menu, name):
    assert name in names(page(reference.MENUS[menu])), f"docs/guide/{reference.MENUS[menu]}"


@pytest.mark.parametrize("name", [row.name for row in PRESETS])
def test_every_preset_is_explained(name):
    assert name in names(page("data-and-models.md"))


@pytest.mark.parametrize("menu", reference.MENUS)
def test_every_row_of_a_menu_is_listed(menu):
    assert {row.name for row in choices(menu)} <= names(page("menus.md"))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_the_dashboard_is_explained(name):
    address = "/" if name == STORY else f"/{name}"
    found = page("pages-and-links.md")
    assert name in found.anchors
    assert address in names(found)


def test_the_index_of_the_guide_leads_to_every_page():
    found = {link.partition("#")[0] for link in page("README.md").links}
    assert {path.name for path in GUIDE.glob("*.md")} - {"README.md"} <= found


def test_the_index_of_the_log_leads_to_every_file():
    log = CHECKOUT / "docs" / "log"
    found = Page(log / "README.md", (log / "README.md").read_text(encoding="utf-8"))
    assert {path.name for path in log.glob("*.md")} - {"README.md"} <= set(found.links)
    undated = [
        path.name for path in log.glob("*.md") if not re.match(r"\d{4}-\d\d-\d\d-", path.name)
    ]
    assert undated == ["README.md"]


def test_the_picture_of_the_house_has_every_room():
    drawn = (CHECKOUT / "docs" / "images" / "house.svg").read_text(encoding="utf-8")
    rooms = {
        path.name
        for path in PACKAGE.iterdir()
        if (path.is_dir() and path.name != "__pycache__")
        or (path.suffix == ".py" and not path.name.startswith("__"))
    }
    words = set(re.findall(r"[\w.]+", re.sub(r"<[^>]*>", " ", drawn)))
    assert rooms - words == set()


def test_readme_is_short():
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_a_menu_that_is_not_on_its_page_is_found():
    assert "two_hinge" not in names(Page(GUIDE / "x.md", "two_hinge and `two hinge`"))
    assert "folder" in names(Page(GUIDE / "x.md", "`folder:PATH`"))
