"""The package as others get it: a wheel, installed in an environment of its own, started in an
empty folder.
"""

import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest

from rft_core.files.home import find_home
from rft_core.files.version import VERSION
from rft_core.store.run_store import open_store
from rft_core.worker.loop import worker_lock
from tests.architecture.source import CHECKOUT

SECONDS = 120


def call(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=outer_environment() | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def outer_environment() -> dict[str, str]:
    """Without what would show the checkout to the installed package."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built with the back end that is here and without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-build-isolation", "--no-deps", "--no-index", "-w", folder)
    built = call(sys.executable, "-m", "pip", "wheel", *options, CHECKOUT, folder=folder)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of an environment's commands: the wheel is in it, everything else comes from the
    environment of these tests.
    """
    root = tmp_path_factory.mktemp("environment")
    made = call(sys.executable, "-m", "venv", "--without-pip", root, folder=root)
    assert made.returncode == 0, made.stderr
    commands = root / "bin"
    python = commands / "python"
    (site,) = root.glob("lib/python*/site-packages")
    options = ("--no-deps", "--no-index", "--no-warn-script-location", wheel)
    done = call(sys.executable, "-m", "pip", "--python", python, "install", *options, folder=root)
    assert done.returncode == 0, done.stderr
    (site / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return commands


@pytest.fixture
def empty(tmp_path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_the_command_is_the_installed_one(installed, empty, tmp_path):
    script = "import rft_core, rft_core.files.home as h; print(rft_core.__file__, h.CHECKOUT)"
    shown = call(installed / "python", "-c", script, folder=empty, RFT_HOME=str(tmp_path / "home"))
    package, folder = shown.stdout.split()
    assert package.startswith(str(installed.parent))
    assert Path(folder) == Path(package).parent / "dashboard"
    answer = call(installed / "rft-lab", "--version", folder=empty)
    assert (answer.returncode, answer.stdout) == (0, f"rft-lab {VERSION}\n")


def test_its_menus_and_files_are_found(installed, empty, tmp_path):
    home = str(tmp_path / "home")
    listed = call(installed / "rft-lab", "list", "backbones", "--json", folder=empty, RFT_HOME=home)
    assert "bloom_convnext" in {row["name"] for row in json.loads(listed.stdout)}
    looked = call(installed / "rft-lab", "doctor", "--json", folder=empty, RFT_HOME=home)
    checks = {row["name"]: row for row in json.loads(looked.stdout)}
    assert checks["rft-lab"]["found"].startswith(f"{VERSION}, installed in ")
    wanted = ("recorded runs", "weights bloom_convnext", "weights bloom_vit")
    assert all(checks[name]["ok"] for name in wanted), checks
    assert list(empty.iterdir()) == []


def test_a_run_of_the_installed_package(installed, empty, tmp_path):
    sizes = ("data.train_size=40", "data.eval_size=20", "optim.epochs=1", "evaluation.tracking=2")
    settings = [part for size in (*sizes, "runtime.device=cpu") for part in ("--set", size)]
    command = (installed / "rft-lab", "run", "--preset", "digits_quick", *settings, "--json")
    done = call(*command, folder=empty, RFT_HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["status"], report["version"]) == ("finished", VERSION)


def test_the_dashboard_is_served_from_an_empty_folder(installed, empty, tmp_path):
    home = find_home(tmp_path / "home")
    open_store(home)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "served.log"
    # the lock held here, no worker is started
    with worker_lock(home), open(log, "wb") as output:
        process = subprocess.Popen(
            [str(installed / "rft-lab"), "app", "--port", str(port)],
            cwd=empty,
            env=outer_environment() | {"RFT_HOME": str(home.root)},
            stdout=output,
            stderr=output,
        )
        try:
            wait_for(port, process, log)
            assert ask(port, "/_stcore/health") == (200, b"ok")
            status, page = ask(port, "/train")
            assert status == 200
            assert b"<html" in page
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert list(empty.iterdir()) == []


def test_its_pages_are_drawn(installed, empty, tmp_path):
    """As Streamlit runs them, in the installed package's own process."""
    script = """
from streamlit.testing.v1 import AppTest
from rft_core.files.home import CHECKOUT

test = AppTest.from_file(str(CHECKOUT / "app.py"), default_timeout=60).run()
for page in ("pages/train.py", "pages/runs.py", "pages/compare.py", "pages/evaluate.py"):
    assert not test.exception, test.exception
    test.switch_page(str(CHECKOUT / page)).run()
    print(page, [one.value for one in test.title])
assert not test.exception, test.exception
"""
    python, home = installed / "python", str(tmp_path / "home")
    drawn = call(python, "-c", script, folder=empty, RFT_HOME=home)
    assert drawn.returncode == 0, drawn.stderr
    assert "pages/compare.py ['Compare runs']" in drawn.stdout


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    for _ in range(10 * SECONDS):
        assert process.poll() is None, log.read_text()
        try:
            if ask(port, "/_stcore/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text()}")


def ask(port: int, path: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return answer.status, answer.read()


def test_one_version_and_every_pin(wheel):
    """The metadata say what version.py and the files of requirements say."""
    (found,) = importlib.metadata.distributions(path=[str(wheel)])
    assert (found.metadata["Name"], found.version) == ("rft-lab", VERSION)
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    wanted = {"": "requirements.txt"}
    wanted |= {extra: f"requirements-{extra}.txt" for extra in ("ray", "postgres")}
    for extra, name in wanted.items():
        pins = re.findall(r"(?m)^[\w.\[\]-]+==\S+", (CHECKOUT / name).read_text())
        ending = f"; extra == '{extra}'" if extra else ""
        assert pins
        assert {f"{pin}{ending}" for pin in pins} <= set(found.requires), name


def test_the_back_end_is_the_pinned_one():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    pins = (CHECKOUT / "requirements.txt").read_text().splitlines()
    assert set(project["build-system"]["requires"]) <= set(pins)


def test_everything_of_the_checkout_is_in_the_wheel(wheel):
    """A page, a style or a recording that is added is in the wheel without another line."""
    tracked = call("git", "ls-files", folder=CHECKOUT).stdout.split()
    if not tracked:
        pytest.skip("not a checkout of git")
    moved = re.compile(r"(app\.py|pages/|assets/|\.streamlit/|requirements\.txt)")
    wanted = {
        f"rft_core/dashboard/{path}" if moved.match(path) else path
        for path in tracked
        if (moved.match(path) or path.startswith("rft_core/")) and (CHECKOUT / path).is_file()
    }
    listed = call(sys.executable, "-m", "zipfile", "-l", wheel, folder=CHECKOUT).stdout
    names = {line.split()[0] for line in listed.splitlines()[1:]}
    assert len(wanted) > 300
    assert wanted - names == set()
