"""A wall clock that jumps: `time.time` and the boot time, which Linux derives from it, read with
an offset from a file.

Importing it changes nothing unless RFT_STRESS_CLOCK names that file. Worker and forkserver import
it first, so that the runs, which are forks, have it too. The machine's own clock is never touched.
"""

import os
import time

import psutil

VARIABLE = "RFT_STRESS_CLOCK"


def _install(path: str) -> None:
    true_time, true_boot = time.time, psutil._pslinux.boot_time

    def offset() -> float:
        try:
            with open(path) as file:
                return float(file.read() or 0)
        except FileNotFoundError:
            return 0.0

    time.time = lambda: true_time() + offset()
    psutil._pslinux.boot_time = psutil._psplatform.boot_time = lambda: true_boot() + offset()


if path := os.environ.get(VARIABLE):
    _install(path)
