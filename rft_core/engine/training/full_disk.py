"""A full disk: the files at the end of a run wait for space, so that hours of training are not
lost.
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
    """Call `write`, which writes `path` completely or not at all, until it succeeds, for up to 15
    minutes; the run's log says that it waits.

    Raises OSError if there is no space in all that time, and at once for any other reason.
    """
    deadline, is_reported = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in FULL or time.monotonic() > deadline:
                raise
            if not is_reported:
                text = (
                    f"{path.name} does not fit on the disk ({error.strerror}); free some space: it"
                    f" is tried again for {format_duration(PATIENCE_SECONDS)}"
                )
                reporter.event("log", step, epoch, {"text": text})
                is_reported = True
        time.sleep(RETRY_SECONDS)
