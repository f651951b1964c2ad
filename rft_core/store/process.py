"""Process identity: a PID alone may be another program by now, a PID with its start may not.

Where /proc is, the start is counted from the boot: the start in wall time that systems report moves
along when a person or the network sets the clock, and every run at work would count as gone.
"""

import os
import socket
import zlib
from pathlib import Path

import psutil

# a start in wall time derives from a boot time in whole seconds; the other is exact to a hundredth
WALL_SLACK, TICK_SLACK = 2.0, 0.05
# beyond any time since a boot, so that the same PID at the same second of another boot is another
# process; from 10 on, beyond any wall time
BOOT_SPACING, BOOT_NUMBERS = 1e9, 1000
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_process() -> tuple[int, float]:
    """Return (PID, start) of this process; the start is a number for `is_alive`, not a time."""
    return identify(os.getpid())


def identify(pid: int) -> tuple[int, float]:
    """Return (PID, start) of a process that runs, or has ended and was not collected yet."""
    return pid, _start_since_boot(pid) or psutil.Process(pid).create_time()


def this_host() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def is_alive(pid: int | None, start: float | None) -> bool:
    """Return whether the process with this PID and this start (or start in seconds since 1970)
    runs on this machine.
    """
    # they may come from a damaged file
    if not isinstance(pid, int) or not isinstance(start, (int, float)) or pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        since_boot = _start_since_boot(pid)
        is_same = since_boot is not None and abs(since_boot - start) < TICK_SLACK
        # stores that an older program wrote hold wall times
        return (
            is_same or abs(process.create_time() - start) < WALL_SLACK
        ) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _start_since_boot(pid: int) -> float | None:
    """Return a process's start in seconds since the boot, plus a number of this boot times
    BOOT_SPACING; None where there is no /proc.
    """
    try:
        # the 22nd field; the second one, in brackets, may hold spaces (proc_pid_stat(5))
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        boot = zlib.crc32(BOOT_ID.read_bytes()) % BOOT_NUMBERS
    except (OSError, ValueError, IndexError):
        return None
    return BOOT_SPACING * (10 + boot) + ticks / os.sysconf("SC_CLK_TCK")
