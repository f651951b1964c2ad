"""RFT Lab: robust fine-tuning of pretrained image models.

Door 1: all that pages, scripts and notebooks use. It loads nothing before it is used, and torch
never: the engine has a door of its own, `rft_core.engine`.
"""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.abc import InspectLoader
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from rft_core import (
        bundles,
        cost,
        errors,
        files,
        jobs,
        metrics,
        recordings,
        report,
        resources,
        serving,
        spec,
        store,
        units,
    )
    from rft_core.errors import RftError, UserError
    from rft_core.metrics.curve import RobustnessCurve
    from rft_core.spec.catalog import choices, find
    from rft_core.spec.presets import PRESETS, preset
    from rft_core.spec.run_spec import RunSpec, parse, with_settings
    from rft_core.store.records import RunRecord
    from rft_core.store.run_store import open_store
    from rft_core.units import format_duration, format_epsilon, format_percent, parse_epsilon
    from rft_core.worker.submit import ensure_worker, submit

Origins = dict[str, tuple[str, str]]


def lazy_door(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package whose `__init__.py` imports below
    `if TYPE_CHECKING` what it hands on: type checkers read it there, and it is loaded at first use.

    A name is looked up anew each time, so what a test puts in its module is what the door shows.
    """
    origins = read_origins(package)

    def load(name: str) -> Any:
        if name not in origins:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, original = origins[name]
        if module == package:
            return import_module(f"{package}.{original}")
        return getattr(import_module(module), original)

    names = sorted(origins)
    return load, lambda: names, names


def read_origins(package: str) -> Origins:
    """Return for each name that a door hands on the module it is in and its name there; a file or a
    folder right behind the door has the package itself as its module.
    """
    module_spec = sys.modules[package].__spec__
    # loaders of source files and of zips can both give the source
    source = cast(InspectLoader, module_spec and module_spec.loader).get_source(package) or ""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for block in ast.parse(source).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


__getattr__, __dir__, __all__ = lazy_door(__name__)
