"""What differs between methods stands on their rows or in their files: no other code compares the
names of strategies, objectives, attacks, schedules or datasets.
"""

import ast
import re
from typing import TypeGuard

import pytest

from rft_core.spec import catalog
from tests.architecture.source import CHECKOUT, Module, for_each, modules

KINDS = ("schedules", "strategies", "objectives", "attacks", "datasets")
MENUS = {kind: {row.name for row in catalog.choices(kind)} for kind in KINDS}
NAMES = set().union(*MENUS.values())
# names that mean other things too: they count where they are compared with something of these words
WORDS = {
    "adversarial",
    "auto",
    "cosine",
    "csv",
    "custom",
    "digits",
    "folder",
    "linear",
    "square",
    "step",
}
ABOUT_METHODS = {
    "attack",
    "chosen",
    "dataset",
    "kind",
    "objective",
    "schedule",
    "scheme",
    "strategy",
}
CATALOG = ("rft_core.spec.catalog", "rft_core.spec.menus")
# where naming methods is right, and why
ALLOWED = {
    "pages.ui.train_form.schedule_overlay": "which schedules are drawn at first for comparison",
    "rft_core.engine.data.reading.archives": "what the loader of the online sets reads, a set each",
    "rft_core.engine.data.reading.protocols": "the published splits of the online sets",
    "rft_core.engine.measuring.honesty_checks": "a check names what it found by its attacks",
    "rft_core.engine.models.trainable": "the two strategies by which an architecture is tried",
    "rft_core.serving.viewer_launch": "uploads are image folders, and viewers may name no other",
}


def own_names(module: Module) -> set[str]:
    """The methods whose own file `module` is."""
    return {
        row.name
        for kind in KINDS
        for row in catalog.choices(kind)
        if row.target.split(":")[0] == module.name
    }


def texts(node: ast.expr, constants: dict[str, str]) -> set[str]:
    """The texts that `node` is or holds; `constants` are those of its module."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.Name) and node.id in constants:
        return {constants[node.id]}
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return {text for element in node.elts for text in texts(element, constants)}
    return set()


def is_about_methods(node: ast.expr) -> bool:
    return bool(ABOUT_METHODS & set(re.split(r"[^a-z]+", ast.unparse(node).lower())))


def constants_of(tree: ast.Module) -> dict[str, str]:
    return {
        statement.targets[0].id: statement.value.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    }


def compared(node: ast.Compare, constants: dict[str, str]) -> set[str]:
    sides = [node.left, *node.comparators]
    found = {text for side in sides for text in texts(side, constants)} & NAMES
    others = [side for side in sides if not texts(side, constants)]
    return found if any(map(is_about_methods, others)) else found - WORDS


def listed(found: set[str]) -> set[str]:
    """Names that a dictionary or a list is made of: of ordinary words only two of one menu tell."""
    is_menu = any(len(found & names) > 1 for names in MENUS.values())
    return found & NAMES if is_menu else (found & NAMES) - WORDS


def is_prefix_check(node: ast.AST) -> TypeGuard[ast.Call]:
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ("startswith", "removeprefix")


def named(tree: ast.Module) -> dict[int, set[str]]:
    """Line -> the names of methods that code there compares with, or keeps a table of."""
    constants = constants_of(tree)
    found: dict[int, set[str]] = {}
    for node in ast.walk(tree):
        names: set[str] = set()
        if isinstance(node, ast.Compare):
            names = compared(node, constants)
        elif isinstance(node, ast.MatchValue):
            names = texts(node.value, constants) & NAMES
        elif isinstance(node, ast.Dict):
            keys = [texts(key, constants) for key in node.keys if key is not None]
            names = listed(set().union(*keys))
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            inside = texts(node, constants)
            names = listed(inside) if len(inside) > 1 and inside <= NAMES else set()
        elif is_prefix_check(node):
            given = {text for argument in node.args for text in texts(argument, constants)}
            names = {text[:-1] for text in given if text.endswith(":")} & NAMES
        if names and isinstance(node, (ast.expr, ast.pattern)):
            found.setdefault(node.lineno, set()).update(names)
    return found


def looked_at() -> list[Module]:
    return [
        module
        for module in (*modules(), *modules("pages"), Module("app", CHECKOUT / "app.py"))
        if not module.name.startswith(CATALOG)
    ]


@for_each("module", looked_at(), ids=lambda module: module.name)
def test_no_code_compares_names_of_methods(module):
    own = own_names(module)
    found = {line: names - own for line, names in named(module.tree).items() if names - own}
    if module.name in ALLOWED:
        assert found, f"{module.name} names no method any more: take it off ALLOWED"
    else:
        assert found == {}, "put the fact on the rows of rft_core/spec/menus, and ask the row"


def test_what_is_allowed_exists():
    assert set(ALLOWED) <= {module.name for module in looked_at()}
    assert WORDS <= NAMES


@pytest.mark.parametrize(
    "text",
    [
        "x = kind == 'lora'",
        "if spec.schedule.kind in ('constant', 'uniform'): pass",
        "if scheme not in ('folder', 'csv'): pass",
        "if spec.schedule.kind != 'auto': pass",
        "PASSES = {'trades': 2}",
        "RAMPED = ('two_hinge', 'step')",
        "SHAPES = {'linear': 1, 'step': 2}",
        "online = dataset.startswith('hf:')",
        "match kind:\n    case 'pgd':\n        pass",
        "OWN = 'mart'\nx = objective == OWN",
        "STEPS = {'square': 1000, 'pgd': 20}.get(attack)",
    ],
)
def test_the_rule_catches_what_is_planted(text):
    assert named(ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "payload = {'step': 3, 'epoch': 1.0}",
        "x = decay == 'linear'",
        "if layout != 'auto': pass",
        "row = find('attacks', 'pgd')",
        "spec = {'schedule': {'kind': 'constant'}}",
        "if step < progress['step']: pass",
    ],
)
def test_the_rule_lets_other_things_be(text):
    assert named(ast.parse(text)) == {}
