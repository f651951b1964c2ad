"""Process identity: a PID alone may be another program by now, a PID with its start time may not."""

import os
import socket

import psutil

# start times are kept in a database column and come back rounded
CLOCK_SLACK = 2.0


def this_process() -> tuple[int, float]:
    """Return (PID, start time) of this process."""
    return os.getpid(), psutil.Process().create_time()


def this_host() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def is_alive(pid: int | None, pid_start: float | None) -> bool:
    """Return whether the process with this PID and this start time runs on this machine."""
    if pid is None or pid_start is None:
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - pid_start) < CLOCK_SLACK and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
