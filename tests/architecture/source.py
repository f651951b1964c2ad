"""The source of rft_core as data: modules, their imports, their syntax trees."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import rft_core

PACKAGE = Path(rft_core.__file__).parent
CHECKOUT = PACKAGE.parent


@dataclass(frozen=True)
class Import:
    """One imported module, and whether it is imported when its importer is (not inside a function)."""

    module: str
    at_load: bool
    line: int


@dataclass(frozen=True)
class Module:
    """One file of the package, by its dotted name."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text())

    @property
    def imports(self) -> tuple[Import, ...]:
        """Every module it imports; a name that is itself a module of the package counts as that module."""
        return tuple(_imports(self.name, self.tree, at_load=True))


@cache
def modules() -> tuple[Module, ...]:
    """Return every file of rft_core."""
    return tuple(Module(_name(path), path) for path in sorted(PACKAGE.rglob("*.py")))


def _name(path: Path) -> str:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_module(name: str) -> bool:
    place = CHECKOUT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or place.is_dir()


def _imports(importer: str, node: ast.AST, at_load: bool):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, at_load, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{importer}:{child.lineno} imports by a relative name; write it out"
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                yield Import(whole if child.module.startswith("rft_core") and _is_module(whole) else child.module, at_load, child.lineno)
        else:
            yield from _imports(importer, child, at_load and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))
