"""Shared by all tests: one thread, a fixed hypothesis profile, a home below tmp_path,
and the opt-in markers.
"""

import json
import os
import sys
from pathlib import Path

# before torch is loaded: the suite shares its machine, and sums must come in one order
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

from rft_core import cli
from rft_core.files.home import Home, find_home
from rft_core.store.run_store import RunStore

settings.register_profile(
    "rft",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rft")


def pytest_addoption(parser):
    parser.addoption(
        "--browser",
        action="store_true",
        default=False,
        help="also run the tests that drive a real browser",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: drives a real browser; run with --browser")
    config.addinivalue_line("markers", "slow: needs pretrained weights or minutes")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--browser"):
        return
    skip = pytest.mark.skip(reason="drives a real browser; run with --browser")
    for item in items:
        if "browser" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True, scope="session")
def _no_user_home(tmp_path_factory):
    """No test may touch the home of the person who runs it, also not one that
    forgets the `home` fixture.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFT_HOME", str(tmp_path_factory.mktemp("stray-home")))
        patch.delenv("RFT_STORE", raising=False)
        yield


@pytest.fixture(autouse=True)
def _one_thread():
    """Each run sets torch's number of threads for the whole process; put it back to 1 where
    torch is loaded at all.
    """
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home below tmp_path, also the one of RFT_HOME."""
    monkeypatch.setenv("RFT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RFT_STORE", raising=False)
    return find_home()


@pytest.fixture
def store(home: Home) -> RunStore:
    """The empty run store of `home`."""
    return RunStore(home)


@pytest.fixture
def call(home, monkeypatch, capsys):
    """Call the command line in this process; return (exit code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rft_core", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def answer(call):
    """Call with --json; return the document of a command that succeeds."""

    def run(*arguments: str):
        code, output, error = call(*arguments, "--json")
        assert code == 0, error
        return json.loads(output)

    return run
