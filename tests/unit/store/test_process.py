"""rft_core.store.process: a PID with its start time names one process."""

import subprocess
import sys

import psutil

from rft_core.store.process import is_alive, this_process


def test_this_process_lives():
    assert is_alive(*this_process())


def test_another_start_time_is_another_process():
    pid, start = this_process()
    assert not is_alive(pid, start + 100)


def test_nobody():
    assert not is_alive(None, 1.0)
    assert not is_alive(1, None)


def test_an_ended_process_and_a_zombie_are_gone():
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    start = psutil.Process(child.pid).create_time()
    assert is_alive(child.pid, start)
    child.stdin.close()
    while psutil.pid_exists(child.pid) and psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert not is_alive(child.pid, start)
    child.wait()
    assert not is_alive(child.pid, start)
