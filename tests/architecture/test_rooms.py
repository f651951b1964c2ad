"""One look and you know your room: few entries, few arrows between rooms, no circles of rooms.

A room is a folder, or a loose file, right below a folder; an arrow stands for all imports from one
room to another. A package's `__init__.py` belongs to no room: it only hands names on.
"""

import ast
from collections import defaultdict

import pytest

from tests.architecture.source import CHECKOUT, PACKAGE, Module, for_each, modules

MOST_ENTRIES = 20
# loose files that a stranger can place
LOOSE = {"__init__.py", "__main__.py", "errors.py", "units.py"}
# folders with rooms of their own, and how many arrows there may be between these
MOST_ARROWS = {
    "rft_core": 110,
    "rft_core.engine": 50,
    "rft_core.engine.data": 24,
    "rft_core.report": 12,
    "pages.ui": 14,
}

Arrows = dict[tuple[str, str], list[str]]


def room(name: str, folder: str) -> str | None:
    """The room of module `name` below `folder`; app.py and pages are rooms
    beside those of rft_core.
    """
    if name.startswith(f"{folder}."):
        return name.removeprefix(f"{folder}.").split(".")[0]
    if folder == "rft_core" and name.split(".")[0] in ("app", "pages"):
        return name.split(".")[0]
    return None


def everything() -> list[Module]:
    return [*modules(), *modules("pages"), Module("app", CHECKOUT / "app.py")]


def arrows(folder: str, listed: list[Module]) -> Arrows:
    """(room, room below) -> the imports between them."""
    found: Arrows = defaultdict(list)
    for module in listed:
        for one in module.imports:
            start, end = room(module.name, folder), room(one.module, folder)
            if start and end and start != end:
                found[start, end].append(f"{module.name} -> {one.module}")
    return found


def circle(found: Arrows) -> list[str]:
    """The imports that lead from a room back to itself, or nothing."""
    below = defaultdict(set)
    for start, end in found:
        below[start].add(end)
    done: set[str] = set()

    def follow(name: str, trail: tuple[str, ...]) -> list[str]:
        if name in trail:
            names = (*trail[trail.index(name) :], name)
            return [found[pair][0] for pair in zip(names, names[1:])]
        if name in done:
            return []
        for other in sorted(below[name]):
            if ring := follow(other, (*trail, name)):
                return ring
        done.add(name)
        return []

    return next((ring for name in sorted(below) if (ring := follow(name, ()))), [])


def entries() -> set[str]:
    return {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}


def test_the_landing_fits_in_one_look():
    assert len(entries()) <= MOST_ENTRIES, sorted(entries())
    assert {name for name in entries() if name.endswith(".py")} <= LOOSE


@pytest.mark.parametrize("folder", sorted(MOST_ARROWS))
def test_few_arrows_between_rooms(folder):
    found = arrows(folder, everything())
    listed = "\n".join(
        f"{start} -> {end}: {count[0]}" for (start, end), count in sorted(found.items())
    )
    assert 0 < len(found) <= MOST_ARROWS[folder], f"{len(found)} arrows below {folder}:\n{listed}"


@pytest.mark.parametrize("folder", sorted(MOST_ARROWS))
def test_no_circle_of_rooms(folder):
    assert circle(arrows(folder, everything())) == []


@for_each("module", [*modules(), *modules("pages")], ids=lambda module: module.name)
def test_every_folder_says_what_it_is_for(module):
    if module.path.name == "__init__.py" and module.name not in ("pages", "pages.ui"):
        assert ast.get_docstring(module.tree), f"{module.path} says nothing"


def planted(tmp_path, texts: dict[str, str]) -> list[Module]:
    listed = []
    for number, (name, text) in enumerate(texts.items()):
        path = tmp_path / f"planted_{number}.py"
        path.write_text(text)
        listed.append(Module(name, path))
    return listed


def test_the_count_takes_imports_in_functions_and_no_doors(tmp_path):
    store, spec = "import rft_core.store.events\n", "import rft_core.spec.presets\n"
    listed = planted(
        tmp_path,
        {
            "rft_core.report.run.figures": f"{store}def f():\n    {spec}",
            "rft_core.report.story.race": store,
            "rft_core": store,
            "pages.runs": store,
        },
    )
    assert set(arrows("rft_core", listed)) == {
        ("report", "store"),
        ("report", "spec"),
        ("pages", "store"),
    }


def test_a_planted_circle_is_found(tmp_path):
    listed = planted(
        tmp_path,
        {
            "rft_core.store.events": "import rft_core.worker.loop\n",
            "rft_core.worker.loop": "import rft_core.report.run.figures\n",
            "rft_core.report.run.figures": "import rft_core.store.events\n",
        },
    )
    assert len(circle(arrows("rft_core", listed))) == 3
    assert circle(arrows("rft_core", listed[:2])) == []


def test_unit_tests_mirror_the_package():
    """A folder of tests/unit is a folder of rft_core, and each room with code has tests."""
    unit = CHECKOUT / "tests" / "unit"
    folders = {
        path.relative_to(unit)
        for path in unit.rglob("*")
        if path.is_dir() and path.name != "__pycache__"
    }
    assert folders
    assert (
        sorted(str(one) for one in folders if not (PACKAGE / one / "__init__.py").is_file()) == []
    )
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert rooms - {str(one) for one in folders} == set()
