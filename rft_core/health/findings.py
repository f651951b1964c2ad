"""What a repair finds: each difference, and what would put it right."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from rft_core.files.home import Home

ORPHANS = "orphans"


@dataclass(frozen=True)
class Finding:
    """Something that differs: what it is, what was found, what puts it right. `act` is None where
    nothing can but a person.
    """

    kind: str
    subject: str
    found: str
    action: str
    act: Callable[[], object] | None = None


def move_to_orphans(home: Home, path: Path, name: str) -> None:
    """Move `path` into the home's folder of orphans, under a name that is free."""
    folder = home.root / ORPHANS
    folder.mkdir(exist_ok=True)
    targets = (folder / (name if number == 1 else f"{name}-{number}") for number in count(1))
    shutil.move(path, next(target for target in targets if not target.exists()))
