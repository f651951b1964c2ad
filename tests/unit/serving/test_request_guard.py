"""rft_core.serving.request_guard: requests as ASGI brings them.

A browser, h11 and Streamlit would stop some of them too; the guard must not rest on that.
"""

import asyncio
from collections.abc import Sequence

import pytest

from rft_core.serving.request_guard import FORBIDDEN, Guard, host_name

ALLOWED = ("localhost", "127.0.0.1", "lab.example.org")
OWN = "127.0.0.1:8501"


def answer(
    hosts: list[str], origins: Sequence[str] = (), kind: str = "http", sent: tuple = ()
) -> tuple[int, dict[bytes, list[bytes]]]:
    """Return (status or close code, headers) that a request gets; 200, or 0 for a WebSocket, where
    the application was reached.
    """
    messages = []

    async def app(scope, receive, send):
        await send(
            {"type": "websocket.accept"}
            if kind == "websocket"
            else {"type": "http.response.start", "status": 200, "headers": list(sent)}
        )

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        messages.append(message)

    headers = [(b"host", host.encode()) for host in hosts] + [
        (b"origin", origin.encode()) for origin in origins
    ]
    asyncio.run(Guard(app, ALLOWED)({"type": kind, "headers": headers}, receive, send))
    first = messages[0]
    found: dict[bytes, list[bytes]] = {}
    for name, value in first.get("headers", ()):
        found.setdefault(name.lower(), []).append(value)
    return first.get("status", first.get("code", 0)), found


@pytest.mark.parametrize("kind", ["http", "websocket"])
class TestWhoIsLetIn:
    @pytest.mark.parametrize(
        "host", [OWN, "localhost", "LOCALHOST:1", "lab.example.org", "lab.example.org.:80"]
    )
    @pytest.mark.parametrize("own_origin", [True, False])
    def test_its_own_names(self, kind, host, own_origin):
        assert answer([host], [f"http://{host}"] if own_origin else [], kind)[0] in (200, 0)

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "127.0.0.1.evil.example",
            "evil@localhost",
            "evil:x@localhost:8501",
            "localhost/x",
            "localhost?x",
            "localhost:port",
            "[::1",
            "",
            "127.0.0.1@evil.example",
            "http://localhost",
        ],
    )
    def test_another_host(self, kind, host):
        assert answer([host], [], kind)[0] in (FORBIDDEN, 1008)

    @pytest.mark.parametrize("hosts", [[], [OWN, OWN], [OWN, "evil.example"]])
    def test_no_host_or_several(self, kind, hosts):
        assert answer(hosts, [], kind)[0] in (FORBIDDEN, 1008)

    @pytest.mark.parametrize(
        "origins",
        [
            ["http://evil.example"],
            ["null"],
            ["http://localhost:8501"],
            ["http://127.0.0.1"],
            [f"ftp://{OWN}"],
            [f"http://{OWN}", "http://evil.example"],
            [f"http://{OWN}"] * 2,
            [""],
            [f"http://{OWN}.evil.example"],
        ],
    )
    def test_another_origin(self, kind, origins):
        assert answer([OWN], origins, kind)[0] in (FORBIDDEN, 1008)


def test_every_answer_says_who_may_frame_it_and_once():
    headers = answer(
        [OWN], sent=((b"X-Frame-Options", b"ALLOWALL"), (b"content-type", b"text/html"))
    )[1]
    assert headers[b"x-frame-options"] == [b"DENY"]
    assert headers[b"content-type"] == [b"text/html"]
    (policy,) = headers[b"content-security-policy"]
    assert {b"frame-ancestors 'none'", b"object-src 'none'", b"base-uri 'self'"} <= set(
        policy.split(b"; ")
    )
    assert (headers[b"x-content-type-options"], headers[b"referrer-policy"]) == (
        [b"nosniff"],
        [b"no-referrer"],
    )


def test_what_starts_and_ends_the_server_passes():
    reached = []

    async def app(scope, receive, send):
        reached.append(scope["type"])

    asyncio.run(Guard(app, ALLOWED)({"type": "lifespan"}, None, None))
    assert reached == ["lifespan"]


@pytest.mark.parametrize("netloc", ["a:99999999", "a:-1", "a b@c", "[x]"])
def test_what_is_no_name_and_port_has_no_name(netloc):
    assert host_name(netloc) == ""
