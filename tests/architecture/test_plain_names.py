"""Names that tell a reader nothing stay out of the package and the pages."""

import ast

import pytest

from tests.architecture.source import CHECKOUT, Module, modules

VAGUE = {"aside", "closer", "mend", "one", "ones", "said", "told", "walk"}


def vague_names(tree: ast.AST) -> list[tuple[int, str]]:
    """Return (line, name) of each vague name that is given to something."""
    given = [
        (node.lineno, name)
        for node in ast.walk(tree)
        for name in (
            [node.id]
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            else [node.arg]
            if isinstance(node, ast.arg)
            else [node.name]
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            else []
        )
    ]
    return [(line, name) for line, name in given if name.strip("_").lower() in VAGUE]


def test_names_say_what_they_stand_for():
    everything = [*modules(), *modules("pages"), Module("app", CHECKOUT / "app.py")]
    found = {module.name: vague_names(module.tree) for module in everything}
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "text",
    ["[one for one in runs]", "def mend(): pass", "def f(told): pass", "said = 1", "class Walk: 0"],
)
def test_a_vague_name_is_found(text):
    assert vague_names(ast.parse(text))
