"""Start a command of RFT Lab as a process of its own, which outlives whoever started it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import psutil

from rft_core.files.home import CHECKOUT, Home
from rft_core.store.process import identify


def command_line(arguments: Sequence[str]) -> list[str]:
    """Return the command that runs ``python -m rft_core`` with `arguments`, from CHECKOUT."""
    return [sys.executable, "-m", "rft_core", *arguments]


def environment_of(home: Home) -> dict[str, str]:
    """Return this process's environment, with `home` and its store named: they may have been given
    by option, or by an address that depends on the folder.
    """
    return os.environ | {"RFT_HOME": str(home.root), "RFT_STORE": home.store_url}


def start_detached(
    home: Home,
    arguments: Sequence[str],
    log: Path,
    *,
    nice: int = 0,
    append: bool = False,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, float]:
    """Start ``python -m rft_core`` with `arguments` for `home`; return its (PID, start), see
    `process.is_alive`.

    What it writes to stderr goes into `log`; with `append` behind what is there, and with what it
    writes to stdout. `nice` gives way to others (0..19), `variables` go into its environment.
    """
    with open(log, "ab" if append else "wb") as output:
        started = subprocess.Popen(
            command_line(arguments),
            cwd=CHECKOUT,
            env=environment_of(home) | dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output if append else subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,
        )
    if nice:
        # it may have ended already
        with contextlib.suppress(psutil.Error):
            psutil.Process(started.pid).nice(nice)
    return identify(started.pid)
