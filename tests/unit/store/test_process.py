"""rft_core.store.process: a PID with its start time names one process."""

import subprocess
import sys

import psutil

from rft_core.store import process
from rft_core.store.process import is_alive, this_process


def test_this_process_lives():
    assert is_alive(*this_process())


def test_another_start_time_is_another_process():
    pid, start = this_process()
    assert not is_alive(pid, start + 100)


def test_another_start_is_another_process_however_near():
    pid, start = this_process()
    assert not is_alive(pid, start + 1)


def test_a_clock_that_is_set_makes_no_process_another(monkeypatch):
    """Linux derives the boot time from the wall clock, and psutil the start times from it."""
    pid, start = this_process()
    true = psutil.boot_time()
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: true + 86_400)
    assert psutil.Process(pid).create_time() - 80_000 > true
    assert is_alive(pid, start)


def test_the_same_second_of_another_boot_is_another_process(monkeypatch, tmp_path):
    pid, start = this_process()
    (tmp_path / "boot_id").write_text("another boot")
    monkeypatch.setattr(process, "BOOT_ID", tmp_path / "boot_id")
    assert not is_alive(pid, start)


def test_a_start_in_wall_time_is_known_too():
    pid, _ = this_process()
    assert is_alive(pid, psutil.Process(pid).create_time())


def test_nobody():
    assert not is_alive(None, 1.0)
    assert not is_alive(1, None)


def test_an_ended_process_and_a_zombie_are_gone():
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    start = psutil.Process(child.pid).create_time()
    assert is_alive(child.pid, start)
    child.stdin.close()
    while (
        psutil.pid_exists(child.pid) and psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE
    ):
        pass
    assert not is_alive(child.pid, start)
    child.wait()
    assert not is_alive(child.pid, start)
