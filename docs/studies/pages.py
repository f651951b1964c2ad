"""Times the Runs page and the store: python -m docs.studies.pages FOLDER

FOLDER is filled with 500 made-up runs of 200 measurements each (tests/big_store.py) where it has
none. Then: the time of each query; the time from a click to the drawn page in Chromium; the bytes
over the web socket while the newest run reports an evaluation every two seconds, and while it
reports none. Needs /usr/bin/chromium.
"""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import update

from rft_core.files.home import CHECKOUT, find_home
from rft_core.report.run.history import build_history
from rft_core.spec.presets import preset
from rft_core.store import process
from rft_core.store.events import Event, append_events, last_sequence, read_events
from rft_core.store.run_store import RunStore
from rft_core.store.schema import runs
from rft_core.store.summaries import Wanted, list_choices
from tests import big_store

PORT, WATCHED_SECONDS, NEWS_SECONDS, OPENINGS = 8733, 20, 2.0, 7
DRAWN = (
    "document.querySelectorAll('.js-plotly-plot .main-svg').length >= 6 &&"
    " document.querySelector('[data-testid=stDataFrame] canvas')"
)
BROWSER = {
    "executable_path": "/usr/bin/chromium",
    "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
}


def main(folder: Path) -> None:
    home = find_home(folder)
    store = RunStore(home)
    if not store.summaries().total:
        big_store.fill(home)
    queries(store)
    environment = os.environ | {"RFT_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    app = subprocess.Popen(
        [sys.executable, "-m", "rft_core", "app", "--port", str(PORT)],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        time.sleep(5)
        with sync_playwright() as play:
            page = (
                play.chromium.launch(**BROWSER)
                .new_context(viewport={"width": 1280, "height": 800})
                .new_page()
            )
            page.goto(f"http://127.0.0.1:{PORT}/")
            page.wait_for_selector(".js-plotly-plot", timeout=90_000)
            openings(page)
            refreshes(page, store)
    finally:
        app.terminate()


def queries(store: RunStore) -> None:
    run_id = store.summaries().rows[0].run_id
    asked: dict[str, Callable[[], object]] = {
        "one page": lambda: store.summaries(),
        "search, filter and order": lambda: store.summaries(
            Wanted('"made up" thesis', statuses=("finished",), order="clean")
        ),
        "what filters can offer": lambda: list_choices(store.engine),
        "measured pace": lambda: store.measured_paces(preset("scheduled")),
        "reconcile": store.reconcile,
        "the events of one run, as columns": lambda: build_history(
            read_events(store.engine, run_id)
        ),
    }
    for name, ask in asked.items():
        print(f"{name}: {1000 * statistics.median(timed(ask) for _ in range(15)):.1f} ms")


def timed(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def openings(page: Page) -> None:
    seconds = []
    for _ in range(OPENINGS):
        page.get_by_role("link", name="Train").click()
        page.wait_for_selector("text=How strong is the attack")
        page.wait_for_timeout(2500)
        started = time.perf_counter()
        page.get_by_role("link", name="Runs").first.click()
        page.wait_for_function(DRAWN, timeout=60_000)
        seconds.append(time.perf_counter() - started)
        page.wait_for_timeout(1500)
    print(
        f"click to drawn Runs page: first {seconds[0]:.2f} s, then median"
        f" {statistics.median(seconds[1:]):.2f} s; load average {os.getloadavg()[0]:.1f}"
    )


def refreshes(page: Page, store: RunStore) -> None:
    """Count what the web socket brings, frames closer than 0.25 s being one refresh."""
    received: list[tuple[float, float]] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.webSocketFrameReceived",
        lambda event: received.append((event["timestamp"], size(event["response"]))),
    )
    for label, news in (("an evaluation every 2 s", True), ("no news", False)):
        stop = threading.Event()
        run = threading.Thread(target=pretend, args=(store, stop, news))
        run.start()
        page.wait_for_timeout(1000)
        page.reload()
        page.wait_for_function(DRAWN, timeout=90_000)
        page.wait_for_timeout(4000)
        received.clear()
        page.wait_for_timeout(1000 * WATCHED_SECONDS)
        bursts = grouped(received)
        stop.set()
        run.join()
        print(
            f"{label}: {sum(bursts) / WATCHED_SECONDS:.1f} kB/s, refreshes"
            f" {statistics.median(bursts):.1f} kB median, {max(bursts):.1f} kB at most"
        )


def size(response: dict) -> float:
    """kB of a frame; binary ones are given in base64."""
    return len(response["payloadData"]) * (0.75 if response["opcode"] == 2 else 1.0) / 1000


def grouped(frames: list[tuple[float, float]]) -> list[float]:
    bursts, last = [], 0.0
    for moment, amount in frames:
        if moment - last > 0.25:
            bursts.append(0.0)
        bursts[-1] += amount
        last = moment
    return bursts


def pretend(store: RunStore, stop: threading.Event, news: bool) -> None:
    """Make the newest run look like one at work in this process, then put its status back."""
    record = store.get(store.summaries().rows[0].run_id)
    pid, start = process.this_process()

    def put(**values: object) -> None:
        with store.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.run_id == record.run_id).values(**values))

    put(
        status="running",
        host=process.this_host(),
        pid=pid,
        pid_start=start,
        total_steps=10 * record.total_steps,
    )
    curve, sequence, step, told = (
        big_store.curve(record.spec, 0.7, 5),
        last_sequence(store.engine, record.run_id),
        record.step,
        time.monotonic(),
    )
    while not stop.wait(0.5):
        if news and time.monotonic() - told > NEWS_SECONDS:
            told, step, sequence = time.monotonic(), step + 10, sequence + 1
            payload = {"curve": curve.points(), "expected_robustness": curve.expected_robustness}
            append_events(
                store.engine,
                record.run_id,
                [Event(sequence, step, step / 10, time.time(), "eval", payload)],
            )
        store.beat(record.run_id, step, 10 * record.total_steps)
    put(status=record.status, step=record.step, total_steps=record.total_steps)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
