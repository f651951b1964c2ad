"""The tests of the rules catch a planted violation."""

import ast

import pytest

from tests.architecture.source import Module
from tests.architecture.test_imports import floor
from tests.architecture.test_state import assigned, mutable


def planted(tmp_path, text: str) -> Module:
    path = tmp_path / "planted.py"
    path.write_text(text)
    return Module("rft_core.planted", path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", True),
        ("{}", True),
        ("{1}", True),
        ("dict(a=1)", True),
        ("collections.deque()", True),
        ("([],)", True),
        ("A | {'b': 1}", True),
        ("[x for x in y]", True),
        ("()", False),
        ("(1, 2)", False),
        ("MappingProxyType({})", False),
        ("frozenset({1})", False),
        ("tuple([1])", False),
        ("8 / 255", False),
        ("typer.Typer()", False),
    ],
)
def test_mutable(text, expected):
    assert mutable(ast.parse(text, mode="eval").body) == expected


def test_assignments_below_a_condition_count(tmp_path):
    module = planted(
        tmp_path,
        "A = 1\nif A:\n    B = []\ntry:\n    C: dict = {}\nfinally:\n    pass\ndef f():\n    D ="
        " []\n",
    )
    assert [names for names, value in assigned(module) if mutable(value)] == [["B"], ["C"]]


def test_imports_at_load_and_inside_functions(tmp_path):
    module = planted(
        tmp_path,
        "import torch\nfrom rft_core.store import run_store\nfrom rft_core import RunSpec\ndef"
        " f():\n    import timm\n",
    )
    assert [(one.module, one.at_load) for one in module.imports] == [
        ("torch", True),
        ("rft_core.store.run_store", True),
        ("rft_core", True),
        ("timm", False),
    ]


def test_the_floors_in_order():
    order = [
        "rft_core.errors",
        "rft_core.metrics.curve",
        "rft_core.spec.catalog",
        "rft_core.cost.run_cost",
        "rft_core.store.events",
        "rft_core.worker.loop",
        "rft_core.report.run.figures",
        "rft_core.bundles.incoming",
        "rft_core.cli",
        "rft_core.__main__",
    ]
    assert [floor(name) for name in order] == sorted({floor(name) for name in order})
    with pytest.raises(AssertionError, match="has no floor"):
        floor("rft_core.new_thing")
