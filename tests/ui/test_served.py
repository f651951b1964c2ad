"""A real server, as `python -m rft_core app --share` starts it: who is refused at the door,
asked with raw requests.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from rft_core.files.home import CHECKOUT, find_home
from rft_core.store.run_store import open_store
from rft_core.worker.loop import worker_lock

START_SECONDS = 60
PIN = "open sesame"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The port of a shared server, and what it printed."""
    home = find_home(tmp_path_factory.mktemp("home"))
    open_store(home)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = dict(os.environ) | {"RFT_HOME": str(home.root), "RFT_PIN": PIN}
    log = home.root / "served.log"
    # the lock held here, no worker is started
    with worker_lock(home), open(log, "wb") as output:
        command = [sys.executable, "-m", "rft_core", "app", "--share", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output
        )
        try:
            _wait(port, process)
            yield port, log
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _wait(port: int, process: subprocess.Popen) -> None:
    for _ in range(10 * START_SECONDS):
        assert process.poll() is None, "the server ended"
        try:
            if ask(port, "/_stcore/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def ask(
    port: int, path: str, host: str | None = None, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{port}")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return (
        answer.status,
        {name.lower(): value for name, value in answer.getheaders()},
        answer.read(),
    )


def stream(port: int, host: str, origin: str | None) -> int:
    """The status a WebSocket of that Host and Origin gets; 101 is let in."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        try:
            with connect(
                f"ws://{host}/_stcore/stream",
                sock=plain,
                origin=None if origin is None else Origin(origin),
                subprotocols=[Subprotocol("streamlit")],
                proxy=None,
            ):
                return 101
        except InvalidStatus as error:
            return error.response.status_code


def test_the_page_is_served_and_may_not_be_framed(server):
    status, headers, body = ask(server[0], "/")
    assert (status, headers["x-frame-options"], headers["x-content-type-options"]) == (
        200,
        "DENY",
        "nosniff",
    )
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert b"<html" in body


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "0.0.0.0"]
)
@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/media/x.png"])
def test_a_foreign_host_is_refused(server, host, path):
    assert ask(server[0], path, host or "evil.example:1")[0] == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "http://127.0.0.1"]
)
def test_a_foreign_origin_is_refused(server, origin):
    assert ask(server[0], "/", Origin=origin)[0] == 403


def test_two_hosts_are_refused(server):
    with socket.create_connection(("127.0.0.1", server[0]), timeout=20) as plain:
        plain.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server[0]}\r\nHost: evil.example\r\nConnection:"
            " close\r\n\r\n".encode()
        )
        assert plain.recv(100).split()[1] in (b"400", b"403")


def test_websockets(server):
    port = server[0]
    own = f"127.0.0.1:{port}"
    assert stream(port, own, f"http://{own}") == 101
    assert stream(port, own, "http://evil.example") == 403
    # a page on another port of this machine is another site too
    assert stream(port, own, "http://localhost:1") == 403
    assert stream(port, "evil.example", "http://evil.example") == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../README.md",
        "/%2e%2e/README.md",
        "/app/static/..%2f..%2fREADME.md",
        "/media/../../README.md",
        "/static/..%5c..%5capp.py",
        "//etc/passwd",
        "/app/static/README.md",
    ],
)
def test_no_path_leads_to_a_file(server, path):
    status, _, body = ask(server[0], path)
    assert status in (400, 403, 404) or b"<html" in body
    assert not any(secret in body for secret in (b"robust fine-tuning", b"root:", b"st.navigation"))


def test_an_upload_without_the_token_is_refused(server):
    assert ask(
        server[0], "/_stcore/upload_file/session/file", method="PUT", **{"Content-Length": "0"}
    )[0] in (400, 403)


def test_the_pin_is_nowhere_in_what_it_printed(server):
    printed = server[1].read_text()
    assert "viewers" in printed
    assert PIN not in printed
