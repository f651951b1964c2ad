"""Check what the program depends on, and say how to repair what is wrong.

Loads torch only to check it.
"""

import importlib
import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from rft_core.errors import RftError
from rft_core.files.home import CHECKOUT, INSTALLED, find_home, restore_command
from rft_core.files.version import VERSION
from rft_core.health.repair import repair_home, survey
from rft_core.recordings.reading import read_card, read_checked
from rft_core.spec import catalog
from rft_core.store.run_store import RunStore
from rft_core.worker.devices import local_devices
from rft_core.worker.submit import worker_is_running

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One line: what was checked, whether it is in order, what was found, how to repair it."""

    name: str
    ok: bool
    found: str
    repair: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, `repair` under the key "mend" of earlier versions."""
        return {"name": self.name, "ok": self.ok, "found": self.found, "mend": self.repair}


def examine(check_weights: Callable[[str], Path], *, repair: bool = False) -> Iterator[Check]:
    """Yield one check after another. `check_weights` (name) raises when an embedded backbone is
    damaged; with `repair` the home is repaired (see repair.py).
    """
    where = "installed in" if CHECKOUT == INSTALLED else "the checkout"
    yield Check("rft-lab", True, f"{VERSION}, {where} {CHECKOUT}")
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(
        "python",
        sys.version_info >= OLDEST_PYTHON,
        version,
        "install Python 3.11 or newer, delete .venv and run `make setup`",
    )
    yield _packages()
    yield _torch()
    yield Check("devices", True, ", ".join(local_devices()))
    yield from _home(repair)
    yield from _store()
    for backbone in catalog.EMBEDDED_BACKBONES:
        yield _attempt(
            f"weights {backbone}",
            partial(_weights, check_weights, backbone),
            f"run {restore_command('assets/weights')}",
        )
    yield _attempt("recorded runs", _recorded, f"run {restore_command('assets/recorded')}")


def _weights(check_weights: Callable[[str], Path], backbone: str) -> str:
    return check_weights(backbone).name


def _recorded() -> str:
    return ", ".join(name for name in read_card() if read_checked(name))


def _packages() -> Check:
    wrong = []
    for line in (CHECKOUT / "requirements.txt").read_text().splitlines():
        if match := re.fullmatch(r"([A-Za-z0-9_.-]+)==(\S+)", line.strip()):
            name, wanted = match.groups()
            try:
                found = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found = "missing"
            if found.split("+")[0] != wanted:
                wrong.append(f"{name} {found}, wanted {wanted}")
    return Check(
        "packages",
        not wrong,
        "; ".join(wrong) or "as pinned in requirements.txt",
        "run `pip install rft-lab` again" if CHECKOUT == INSTALLED else "run `make setup`",
    )


def _torch() -> Check:
    try:
        torch = importlib.import_module("torch")
        importlib.import_module("torchvision.ops")
    except (ImportError, RuntimeError, OSError) as error:
        return Check(
            "torch",
            False,
            str(error).splitlines()[0],
            "torch and torchvision come from different sources: delete .venv and run `make setup`",
        )
    return Check(
        "torch",
        True,
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, CUDA"
        f" {'yes' if torch.cuda.is_available() else 'no'}",
    )


def _home(repair: bool) -> Iterator[Check]:
    """Yield what in the home differs from its store, or the outcome of repairing it."""
    try:
        found = (
            repair_home(find_home())
            if repair
            else [
                (
                    finding,
                    f"run `doctor --repair`: {finding.action}" if finding.act else finding.action,
                )
                for finding in survey(find_home())
            ]
        )
    except (RftError, OSError, DBAPIError) as error:
        yield Check(
            "files", False, str(error).splitlines()[0], "repair the store or the folder first"
        )
        return
    for finding, remaining in found:
        yield Check(
            f"{finding.kind} {finding.subject}",
            not remaining,
            finding.found if remaining else f"{finding.found}; done: {finding.action}",
            remaining,
        )
    if not found:
        yield Check("files", True, "as the store has them")


def _store() -> Iterator[Check]:
    yield _attempt(
        "home", lambda: str(find_home().root), "set RFT_HOME to a folder that can be written"
    )
    yield _attempt(
        "store",
        lambda: f"{len(RunStore(find_home()).records())} runs in {find_home().store_url}",
        "set RFT_HOME or RFT_STORE to another place",
    )
    yield _attempt(
        "worker",
        lambda: (
            "running"
            if worker_is_running(find_home())
            else "not running; the next launch starts one"
        ),
        "delete worker.lock in RFT_HOME",
    )


def _attempt(name: str, read: Callable[[], str], repair: str) -> Check:
    try:
        return Check(name, True, read())
    except (RftError, OSError, DBAPIError) as error:
        return Check(name, False, str(error).splitlines()[0], repair)
