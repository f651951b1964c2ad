"""The source of rft_core and pages as data: modules, their imports, their syntax trees."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, wraps
from inspect import Signature, signature
from pathlib import Path
from typing import Any

import rft_core

PACKAGE = Path(rft_core.__file__).parent
CHECKOUT = PACKAGE.parent


@dataclass(frozen=True)
class Import:
    """One imported module, and whether it is imported when its importer is (not in a function)."""

    module: str
    at_load: bool
    line: int


@dataclass(frozen=True)
class Module:
    """One file of a package, by its dotted name."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text())

    @property
    def imports(self) -> tuple[Import, ...]:
        """Every module it imports; a name that is itself a module of ours counts as that module.

        What a door hands on, below `if TYPE_CHECKING`, it does not import.
        """
        tree = self.tree
        if self.path.name == "__init__.py":
            tree.body = [node for node in tree.body if not _is_for_type_checkers(node)]
        return tuple(_imports(self.name, tree, at_load=True))


@cache
def modules(package: str = "rft_core") -> tuple[Module, ...]:
    """Return every file of `package`, a folder of the checkout."""
    paths = sorted((CHECKOUT / package).rglob("*.py"))
    return tuple(Module(_name(path), path) for path in paths)


def is_module(name: str) -> bool:
    """Return whether `name` is a file or a folder of the checkout."""
    path = CHECKOUT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def _is_for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _name(path: Path) -> str:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(importer: str, node: ast.AST, at_load: bool):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, at_load, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, (
                f"{importer}:{child.lineno} imports by a relative name; write it out"
            )
            for alias in child.names:
                # only a relative import, refused above, names no module
                module = child.module or ""
                full = f"{module}.{alias.name}"
                is_ours = module.split(".")[0] in ("rft_core", "pages") and is_module(full)
                yield Import(full if is_ours else module, at_load, child.lineno)
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports(importer, child, at_load and not is_function)


def for_each(name: str, values: Iterable[Any], ids: Callable[[Any], str]) -> Callable:
    """Run a test on each of `values`, given as its argument `name`, and fail with all that fail:
    as `parametrize`, in one test where hundreds would take longer to begin than to run.
    """

    def decorate(test: Callable) -> Callable:
        @wraps(test)
        def on_each(**fixtures: Any) -> None:
            faults = []
            for value in values:
                try:
                    test(**{name: value}, **fixtures)
                except AssertionError as error:
                    faults.append(f"{ids(value)}: {error}")
            assert not faults, "\n".join(faults)

        arguments = signature(test).parameters
        on_each.__signature__ = Signature([arguments[key] for key in arguments if key != name])
        return on_each

    return decorate
