"""One device, one user at a time: runs and evaluations take the same lock before they compute.

The system drops the lock when its process ends, in whatever way. A file beside it names the
holder, for those who wait.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rft_core.files.atomic import read_json, write_json
from rft_core.files.home import Home
from rft_core.store.process import is_alive, this_process

POLL_SECONDS = 0.2


@contextmanager
def device_turn(
    home: Home,
    device: str,
    user: str,
    *,
    waiting: Callable[[str], None] = lambda line: None,
    given_up: Callable[[], bool] = lambda: False,
) -> Iterator[bool]:
    """Hold `device` ("cpu", "cuda:0") for `user` ("run digits"), waiting for whoever has it; True,
    or False when `given_up` said so.

    `waiting` is called with a line that names the holder, once for each holder, and with "" when
    the wait is over.
    """
    lock, shown = FileLock(_path(home, device, "lock")), ""
    while not _acquired(lock):
        if given_up():
            yield False
            return
        line = f"waiting: {holder(home, device) or 'another process'} is using {name_of(device)}"
        if line != shown:
            waiting(shown := line)
        time.sleep(POLL_SECONDS)
    try:
        pid, start = this_process()
        write_json(_path(home, device, "json"), {"user": user, "pid": pid, "start": start})
        if shown:
            waiting("")
        yield True
    finally:
        _path(home, device, "json").unlink(missing_ok=True)
        lock.release()


def holder(home: Home, device: str) -> str:
    """Return who holds `device` ("an evaluation of run digits"), empty when nobody does."""
    try:
        found = read_json(_path(home, device, "json")) or {}
        return str(found["user"]) if is_alive(found["pid"], found["start"]) else ""
    except (KeyError, TypeError):
        return ""


def choose_device(home: Home, wanted: str, devices: Sequence[str]) -> str:
    """Return the device of `devices` on which to evaluate a run that wanted `wanted`: its own, else
    an accelerator, a free one first.
    """
    if wanted in devices:
        return wanted
    fit = [device for device in devices if device != "cpu"] or ["cpu"]
    return next((device for device in fit if not holder(home, device)), fit[0])


def name_of(device: str) -> str:
    """Return "the CPU" or "the GPU cuda:0"."""
    return "the CPU" if device == "cpu" else f"the GPU {device}"


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _path(home: Home, device: str, suffix: str) -> Path:
    return home.root / f"device-{device.replace(':', '-')}.{suffix}"
