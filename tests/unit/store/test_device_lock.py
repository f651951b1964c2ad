"""rft_core.store.device_lock: one user a device, those who wait say for whom, and the system drops
what a dead process held.
"""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from rft_core.store.device_lock import choose_device, device_turn, holder
from tests.architecture.source import CHECKOUT


def test_one_at_a_time_in_either_order(home):
    order, lines, first_in = [], [], threading.Event()

    def first():
        with device_turn(home, "cpu", "run digits"):
            first_in.set()
            time.sleep(0.6)
            order.append("first out")

    thread = threading.Thread(target=first)
    thread.start()
    first_in.wait(5)
    assert holder(home, "cpu") == "run digits"
    with device_turn(home, "cpu", "an evaluation of run digits", waiting=lines.append) as is_mine:
        order.append("second in")
    thread.join()
    assert is_mine
    assert order == ["first out", "second in"]
    assert lines == ["waiting: run digits is using the CPU", ""]
    assert holder(home, "cpu") == ""


def test_devices_do_not_wait_for_each_other(home):
    with device_turn(home, "cpu", "run one"), device_turn(home, "cuda:0", "run two") as is_mine:
        assert is_mine
        assert (holder(home, "cpu"), holder(home, "cuda:0")) == ("run one", "run two")


def test_giving_up(home):
    with device_turn(home, "cpu", "run one"):
        with device_turn(home, "cpu", "run two", given_up=lambda: True) as is_mine:
            assert not is_mine
        assert holder(home, "cpu") == "run one"


def test_an_error_gives_the_device_back(home):
    with pytest.raises(ValueError), device_turn(home, "cpu", "run one"):
        raise ValueError
    with device_turn(home, "cpu", "run two", given_up=lambda: True) as is_mine:
        assert is_mine


def test_a_killed_process_gives_the_device_back(home):
    code = (
        "import time; from rft_core.files.home import find_home; from rft_core.store.device_lock"
        " import device_turn\n"
    )
    code += (
        "with device_turn(find_home(), 'cpu', 'run one'):\n    print('in', flush=True);"
        " time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "in\n"
    assert holder(home, "cpu") == "run one"
    with device_turn(home, "cpu", "run two", given_up=lambda: True) as is_mine:
        assert not is_mine
    os.kill(process.pid, signal.SIGKILL)
    process.wait(5)
    # what it wrote is still there; nobody holds the device all the same
    assert holder(home, "cpu") == ""
    with device_turn(home, "cpu", "run two", given_up=lambda: True) as is_mine:
        assert is_mine


def test_which_device(home):
    assert choose_device(home, "auto", ("cpu",)) == "cpu"
    assert choose_device(home, "cpu", ("cpu", "cuda:0")) == "cpu"
    assert choose_device(home, "cuda:1", ("cpu",)) == "cpu"
    assert choose_device(home, "auto", ("cpu", "cuda:0", "cuda:1")) == "cuda:0"
    with device_turn(home, "cuda:0", "run one"):
        assert choose_device(home, "auto", ("cpu", "cuda:0", "cuda:1")) == "cuda:1"
        assert choose_device(home, "auto", ("cpu", "cuda:0")) == "cuda:0"
