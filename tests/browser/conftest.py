"""The real server on a free port, with a home of its own and three real runs, driven
by Debian's chromium.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from rft_core import submit, with_settings
from rft_core.files.home import CHECKOUT, find_home
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import RunSpec, flatten
from rft_core.store.run_store import RunStore

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage"
)
RESULTS = CHECKOUT / "test-results"
# generous: a machine with other work is slow, not wrong
START_SECONDS, RUNS_SECONDS, WAIT_SECONDS = 60, 300, 120
# (end of the address, why it is no fault of a page)
NOISE = (
    (
        "/_stcore/health",
        "Streamlit asks below the page's own path first, is told 404 and then asks at the root",
    ),
    ("/_stcore/host-config", "the same"),
)
TINY = {
    "data.train_size": 128,
    "data.eval_size": 40,
    "optim.epochs": 2,
    "attack.steps": 1,
    "evaluation.steps": 2,
    "evaluation.tracking": 3,
    "evaluation.epsilons": [0, "4/255", "8/255"],
    "evaluation.examples": 2,
}


@dataclass(frozen=True)
class Lab:
    """A running dashboard: its address, its store, and the ids of three finished runs."""

    url: str
    store: RunStore
    runs: tuple[str, ...] = ()


def tiny(name: str, **changes) -> RunSpec:
    """Return a run of seconds on real handwritten digits, with the schedule
    of the preset `name`.
    """
    schedule = {
        setting: value
        for setting, value in flatten(preset(name)).items()
        if setting.startswith("schedule.")
    }
    return with_settings(preset("digits_quick"), TINY | schedule | {"name": name} | changes)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The dashboard as `make app` starts it; ended with its worker."""
    with served(tmp_path_factory.mktemp("browser-home")) as lab:
        yield lab


@contextmanager
def served(root: Path, *options: str, **environment: str) -> Iterator[Lab]:
    """Run `python -m rft_core app` on a free port, with a home in `root`; end it and its worker."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rft_core", "app", "--port", str(port), *options]
    with pytest.MonkeyPatch.context() as patch, open(root / "app.log", "wb") as log:
        patch.setenv("RFT_HOME", str(root))
        process = subprocess.Popen(
            command, cwd=CHECKOUT, stdout=log, stderr=log, env=os.environ | environment
        )
        lab = Lab(f"http://127.0.0.1:{port}", RunStore(find_home(root)))
        try:
            _wait_until(
                lambda: process.poll() is not None or _answers(lab.url),
                START_SECONDS,
                "the server did not start",
            )
            assert process.poll() is None, (root / "app.log").read_text()
            yield lab
        finally:
            process.terminate()
            process.wait(10)
            _end_workers(root)


@pytest.fixture(scope="session")
def lab(server: Lab) -> Lab:
    """The dashboard with three finished runs: standard, fixed, scheduled."""
    runs = tuple(submit(server.store, tiny(name)) for name in ("standard", "fixed", "scheduled"))
    _wait_until(
        lambda: all(server.store.get(one).ended for one in runs),
        RUNS_SECONDS,
        "the three runs did not end",
    )
    assert [server.store.get(one).status for one in runs] == ["finished"] * 3
    return Lab(server.url, server.store, runs)


@pytest.fixture(autouse=True)
def _three_runs_remain(request):
    """What a test launched is ended and deleted: the next one finds the three
    runs of the session.
    """
    yield
    if "lab" not in request.fixturenames:
        return
    lab = request.getfixturevalue("lab")
    for record in lab.store.records(("queued", "running")):
        lab.store.request(record.run_id, "stop")
    _wait_until(lambda: not lab.store.is_busy, RUNS_SECONDS, "runs that were told to stop did not")
    for record in lab.store.records():
        if record.run_id not in lab.runs:
            lab.store.delete(record.run_id)


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, lab, request):
    """Return a function that opens a page of the dashboard, of another one, or a file, in a context
    of its own: visit(path, theme="light", width=1280).

    Console errors fail the test. Screenshots are kept in test-results/, the trace
    where the test failed.
    """
    opened, errors = [], []

    def visit(path: str = "/", theme: str = "light", width: int = 1280):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, accept_downloads=True
        )
        context.set_default_timeout(1000 * WAIT_SECONDS)
        context.tracing.start(snapshots=True)
        page = context.new_page()
        opened.append(page)
        page.on(
            "console",
            lambda message: (
                errors.append(f"{message.text} ({message.location['url']})")
                if is_error(message)
                else None
            ),
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab.url + path if path.startswith("/") else path)
        if page.url.startswith("http"):
            settle(page)
        return page

    yield visit
    failed = bool(errors) or getattr(request.node, "failed", True)
    RESULTS.mkdir(exist_ok=True)
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    for place, page in enumerate(opened):
        page.screenshot(path=RESULTS / f"{name}-{place}.png", full_page=True)
        page.context.tracing.stop(**({"path": RESULTS / f"{name}-{place}.zip"} if failed else {}))
        page.context.close()
    assert not errors


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        item.failed = report.failed
    return report


def is_error(message) -> bool:
    """Return whether a line of the console is an error of ours."""
    return message.type == "error" and not message.location["url"].endswith(
        tuple(ending for ending, _ in NOISE)
    )


# Streamlit dims what is being drawn anew and lets it fade back in over a second after its script
# has ended; what moves without an end, such as a spinner, is not waited for
QUIET = """() =>
    document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale=true]')
    && document.getAnimations().every(
        each => each.playState !== 'running' || each.effect?.getComputedTiming().endTime === Infinity)
"""


def settle(page) -> None:
    """Wait until the page has its title, its script has run to the end and
    nothing fades any more.
    """
    page.locator("h1").first.wait_for()
    page.wait_for_function(QUIET)


def wait_for_status(page, status: str) -> None:
    """Wait until the chip of the run that is shown says `status`."""
    page.locator(".stMarkdownBadge").filter(has_text=status).first.wait_for()


def points(page, figure: int = 0) -> int:
    """Return how many finite values figure number `figure` of the page draws; 0 where
    it is not there yet.
    """
    return page.evaluate(
        "at => (document.querySelectorAll('.js-plotly-plot')[at]?._fullData ?? []).reduce((sum,"
        " trace) => sum + [...(trace.y ?? [])].filter(value => Number.isFinite(value)).length, 0)",
        figure,
    )


def wait_for_points(page, more_than: int, figure: int = 0) -> int:
    """Wait until a figure draws more values than `more_than`; return how many."""
    _wait_until(
        lambda: points(page, figure) > more_than,
        WAIT_SECONDS,
        f"figure {figure} stayed at {more_than} values",
        page,
    )
    return points(page, figure)


def _wait_until(is_so, seconds: float, complaint: str, page=None) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, complaint
        # a page lives on while it is waited for; a plain sleep would hold its events back
        page.wait_for_timeout(300) if page else time.sleep(0.3)


def _answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).status == 200
    except OSError:
        return False


def _end_workers(root: Path) -> None:
    mine = [
        one for one in psutil.process_iter(["cmdline"]) if str(root) in (one.info["cmdline"] or [])
    ]
    mine += [child for one in mine for child in one.children(recursive=True)]
    for process in mine:
        process.kill()
    psutil.wait_procs(mine, timeout=10)
