"""What every request passes before Streamlit sees it: its Host and Origin are known, and no other
site may frame the page.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
FORBIDDEN = 403
HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'; object-src 'none'; base-uri 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


def host_name(netloc: str) -> str:
    """Return the lower-case name in "name:port"; "" for anything else."""
    try:
        parts = urlsplit(f"//{netloc}")
        _ = parts.port
    except ValueError:
        return ""
    is_plain = parts.netloc == netloc and not (parts.username or parts.password)
    return (parts.hostname or "").lower().rstrip(".") if is_plain else ""


def is_known_host(hosts: list[str], allowed: tuple[str, ...]) -> bool:
    """Return whether exactly one Host was sent, and it is allowed (DNS rebinding
    brings a foreign one).
    """
    return len(hosts) == 1 and host_name(hosts[0]) in allowed


def is_own_origin(origins: list[str], host: str) -> bool:
    """Return whether a request comes from the page itself, or from a client other than a browser
    and sends no Origin.
    """
    return not origins or (
        len(origins) == 1
        and urlsplit(origins[0]).scheme in ("http", "https")
        and urlsplit(origins[0]).netloc.lower() == host.lower()
    )


@dataclass(frozen=True)
class Guard:
    """An ASGI application around `app` that refuses foreign hosts and origins, and says so with
    403 and nothing else.
    """

    app: Callable[..., Awaitable[None]]
    allowed: tuple[str, ...]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        hosts, origins = _sent(scope, b"host"), _sent(scope, b"origin")
        if is_known_host(hosts, self.allowed) and is_own_origin(origins, hosts[0]):
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send(
                {
                    "type": "http.response.start",
                    "status": FORBIDDEN,
                    "headers": [(b"content-type", b"text/plain")],
                }
            )
            await send(
                {
                    "type": "http.response.body",
                    "body": b"refused: this address or origin is not served here\n",
                }
            )


def _sent(scope: Message, name: bytes) -> list[str]:
    return [value.decode("latin-1") for header, value in scope["headers"] if header == name]


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                header
                for header in message.get("headers", ())
                if header[0].lower() not in dict(HEADERS)
            ]
            message = {**message, "headers": [*kept, *HEADERS]}
        await send(message)

    return sending
