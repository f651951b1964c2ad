"""A file that somebody reads is written whole, by rft_core/files/atomic.py and nothing else."""

import ast
from typing import TypeGuard

import pytest

from tests.architecture.source import CHECKOUT, Module, modules

WRITER = "rft_core.files.atomic"
# what else writes or renames, how often, and the reason
ALLOWED = {
    "rft_core.bundles.checking": (1, "into the folder aside that a bundle is checked in"),
    "rft_core.bundles.incoming": (1, "moves whole folders into place"),
    "rft_core.bundles.outgoing": (1, "into the file that atomic_file yields"),
    "rft_core.engine.data.decoding.cache": (5, "into a folder aside, which is then renamed"),
    "rft_core.engine.data.reading.archives": (1, "moves what was fetched whole"),
    "rft_core.engine.data.reading.download": (3, "a part that a later download goes on with"),
    "rft_core.files.unpacking": (1, "into a folder aside, which is then renamed"),
    "rft_core.files.uploads": (1, "moves a whole folder into place"),
    "rft_core.health.run_files_check": (1, "moves a whole checkpoint back into its place"),
    "rft_core.store.detached": (1, "what a process prints"),
    "rft_core.store.journal": (1, "appends line by line, and readers know of a half line"),
    "rft_core.store.recovery": (1, "a database with its journals, written by SQLite"),
}
METHODS = ("write_text", "write_bytes")


def writes(module: Module) -> list[str]:
    """The calls of a module that write a file, or give one a name."""
    return [
        f"{ast.unparse(node)}:{node.lineno}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _is_write(node)
    ]


def _is_write(call: ast.Call) -> bool:
    owner, name = "", ast.unparse(call.func)
    if isinstance(call.func, ast.Attribute):
        owner, name = ast.unparse(call.func.value), call.func.attr
    if name == "open" and owner not in ("Image", "os"):
        mode = call.args[0 if owner else 1 :][:1] or [
            word.value for word in call.keywords if word.arg == "mode"
        ]
        modes = [node.value for node in ast.walk(mode[0]) if _is_text(node)] if mode else []
        return any(set(str(text)) & set("wax+") for text in modes)
    if owner and name == "rename" or owner == "os" and name == "replace":
        return True
    # a path takes one argument, a text two, and str.replace as a function three
    if name == "replace" and owner and len(call.args) == 1 and not call.keywords:
        return True
    return name in METHODS and owner != "" or (name in ("savez", "savez_compressed"))


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def everything() -> list[Module]:
    listed = [*modules(), *modules("pages"), Module("app", CHECKOUT / "app.py")]
    return [module for module in listed if module.name != WRITER]


def test_files_are_written_whole():
    found = {module.name: writes(module) for module in everything()}
    strangers = {
        name: calls for name, calls in found.items() if len(calls) != ALLOWED.get(name, (0, ""))[0]
    }
    assert strangers == {}, "use rft_core.files.atomic, or name the reason in ALLOWED"
    assert set(ALLOWED) <= set(found)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("os.replace(a, b)", 1),
        ("path.replace(other)", 1),
        ("'text'.replace('a', 'b')", 0),
        ("replace(spec, seed=1)", 0),
        ("path.rename(other)", 1),
        ("open(path, 'w')", 1),
        ("open(path, mode='ab')", 1),
        ("open(path, 'rb')", 0),
        ("open(path)", 0),
        ("path.open('wb' if new else 'ab')", 1),
        ("path.open()", 0),
        ("path.write_text('a')", 1),
        ("write_text(path, 'a')", 0),
        ("np.savez(path, x=x)", 1),
    ],
)
def test_the_rule_catches_what_is_planted(tmp_path, text, count):
    path = tmp_path / "planted.py"
    path.write_text(text)
    assert len(writes(Module("rft_core.planted", path))) == count
