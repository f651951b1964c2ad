"""Where the command line prints: one JSON document, or lines for people."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console

# names of runs, classes and files are printed as they are, whatever rich would make of them
out = Console(markup=False, highlight=False, emoji=False)


err = Console(stderr=True, markup=False, highlight=False, emoji=False)


def show_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are; a terminal that is too narrow folds them."""
    for line in lines:
        out.print(line, soft_wrap=True)
