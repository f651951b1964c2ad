"""The names of a run's files stand in rft_core/files/run_files.py and nowhere else."""

import ast

import pytest

from rft_core.files import run_files
from tests.architecture.source import CHECKOUT, Module, modules

CONTRACT = "rft_core.files.run_files"
NAMES = frozenset(
    file.name
    for folder in (run_files.RUN_FOLDER, run_files.EVALUATION_FOLDER)
    for file in folder
    # the word alone stands for much else
    if file.name != run_files.UPLOAD
)
# the same word for another file, with the reason
OTHER_FILES = {
    # the hub calls the weights of a repository so
    "rft_core.resources.weights": {run_files.WEIGHTS},
}
FOLDERS = (run_files.EXAMPLES, run_files.EVALUATIONS)


def spelled(module: Module) -> set[str]:
    """The names of a run's files that stand in the strings of a module, docstrings left out."""
    documents = {
        id(node.body[0].value)
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = set()
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documents
        ):
            found |= {name for name in NAMES if name in node.value.split("/")}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            # folder / "examples"
            found |= {
                side.value
                for side in (node.left, node.right)
                if isinstance(side, ast.Constant) and side.value in FOLDERS
            }
    return found


def everything() -> list[Module]:
    listed = [*modules(), *modules("pages"), Module("app", CHECKOUT / "app.py")]
    return [module for module in listed if module.name != CONTRACT]


def test_no_other_module_spells_a_name():
    found = {module.name: spelled(module) for module in everything()}
    strangers = {
        name: names - OTHER_FILES.get(name, set())
        for name, names in found.items()
        if names - OTHER_FILES.get(name, set())
    }
    assert strangers == {}, "import the name from rft_core.files.run_files"
    assert {name for name in OTHER_FILES if not found[name]} == set(), "not needed any more"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path = folder / 'model.safetensors'", {"model.safetensors"}),
        ("path = f'{folder}/run.log'", {"run.log"}),
        ("path = folder / 'evaluations'", {"evaluations"}),
        ("kind = 'examples'", set()),
        ('"""What lies in run.log."""', set()),
    ],
)
def test_the_rule_catches_what_is_planted(tmp_path, text, expected):
    path = tmp_path / "planted.py"
    path.write_text(text)
    assert spelled(Module("rft_core.planted", path)) == expected
