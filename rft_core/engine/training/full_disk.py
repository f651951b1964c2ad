"""A disk that is full: what a run's end needs waits for space, so that hours of training do
not end in a failure.
"""

import errno
import time
from collections.abc import Callable
from pathlib import Path

from rft_core.engine.reporter import Reporter
from rft_core.units import format_duration

PATIENCE_SECONDS, RETRY_SECONDS = 900.0, 1.0
FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def write_patiently(
    path: Path, write: Callable[[], None], reporter: Reporter, step: int, epoch: float
) -> None:
    """Call `write`, which writes `path` whole or not at all, until the disk takes it, for up to 15
    minutes; the run's log says that it waits.

    Raises OSError when there was no space in all that time, and at once
    for any other reason.
    """
    deadline, told = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in FULL or time.monotonic() > deadline:
                raise
            if not told:
                text = (
                    f"{path.name} does not fit on the disk ({error.strerror}); free some space: it"
                    f" is tried again for {format_duration(PATIENCE_SECONDS)}"
                )
                reporter.event("log", step, epoch, {"text": text})
                told = True
        time.sleep(RETRY_SECONDS)
