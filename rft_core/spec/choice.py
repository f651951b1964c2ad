"""Choice: one row of a menu. A row names its code, which is imported only when it is used, so
that no menu loads torch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar


@dataclass(frozen=True)
class Choice:
    """One row of a menu: the name in specs, the label on screen, one line of help, where it
    comes from, and its code as "module:function".

    What differs between the methods of one menu stands in fields that the rows of that menu have
    beside these (rft_core/spec/menus); nothing else in the program compares names.
    """

    name: str
    label: str
    help: str
    source: str
    target: str

    def load(self) -> Callable:
        """Import and return the code behind this choice."""
        return load_target(self.target)

    def companion(self, name: str) -> Any:
        """Import the module of this choice's code and return its `name`, or None: a strategy's
        `merge`, an objective's `prepare`.
        """
        return getattr(import_module(self.target.split(":")[0]), name, None)


Row = TypeVar("Row", bound=Choice)


def load_target(target: str) -> Callable:
    """Import and return the function that "module:function" names."""
    module, function = target.split(":")
    return getattr(import_module(module), function)


def menu(*rows: Row) -> tuple[Row, ...]:
    """Return `rows` as a menu; raises ValueError for a name that is there twice."""
    names = [row.name for row in rows]
    doubles = {name for name in names if names.count(name) > 1}
    if doubles:
        raise ValueError(f"names used twice in one menu: {sorted(doubles)}")
    return rows
