"""Who may change things when the dashboard is served to others: a PIN, kept only as a salted hash,
and a door that counts attempts.

`serve` hands the hash to the dashboard's process in its environment; the PIN itself is never
stored, passed on or logged.
"""

import base64
import hashlib
import hmac
import ipaddress
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rft_core.errors import UserError
from rft_core.serving.launch_limits import LaunchLimits, find_limits

PIN_VARIABLE, HASH_VARIABLE = "RFT_PIN", "RFT_SHARE_HASH"
SHORTEST_PIN = 6
# scrypt of RFC 7914: 16 MiB and about 50 ms an attempt
COST, BLOCK, PARALLEL = 2**14, 8, 1
SESSION_ATTEMPTS, SERVER_ATTEMPTS, WINDOW_SECONDS = 5, 30, 600.0


def hash_pin(pin: str) -> str:
    """Return "salt:hash" (base64) of a PIN; one shorter than 6 characters raises,
    without repeating it.
    """
    if len(pin.strip()) < SHORTEST_PIN:
        raise UserError(
            f"the PIN is too short; give at least {SHORTEST_PIN} characters with --pin, or in"
            f" {PIN_VARIABLE}"
        )
    salt = secrets.token_bytes(16)
    return ":".join(base64.b64encode(part).decode() for part in (salt, _scrypt(pin, salt)))


def is_pin(pin: str, hashed: str) -> bool:
    """Return whether `pin` has the hash "salt:hash", compared in constant time; a
    damaged hash fits no PIN.
    """
    try:
        salt, wanted = (base64.b64decode(part, validate=True) for part in hashed.split(":"))
    except ValueError:
        return False
    return hmac.compare_digest(_scrypt(pin, salt), wanted)


def _scrypt(pin: str, salt: bytes) -> bytes:
    # what a browser sends may hold half a character, which UTF-8 refuses
    return hashlib.scrypt(
        pin.strip().encode("utf-8", "replace"), salt=salt, n=COST, r=BLOCK, p=PARALLEL
    )


def is_loopback(address: str | None) -> bool:
    """Return whether only this machine reaches a server at `address`; an empty one
    means every interface.
    """
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address((address or "").strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass
class Door:
    """The one door of a server: closed where it is shared, opened for a session by the PIN.

    Without a PIN a server that others can reach stays closed for everyone. Threads of all
    sessions may ask at once.
    """

    is_shared: bool
    pin_hash: str = ""
    clock: Callable[[], float] = time.monotonic
    # within which viewers may launch runs; None where they may not
    launching: LaunchLimits | None = None
    _key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    _tries: tuple[tuple[float, str], ...] = field(default=(), repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def enter(self, pin: str, session: str) -> str:
        """Return the key that the right PIN gives; a wrong one, or too many attempts of `session`
        or of all sessions in ten minutes, raises.
        """
        if not self.pin_hash:
            raise UserError(
                "this server was started without a PIN, so nobody can change anything; start it"
                f" with --share --pin, or set {PIN_VARIABLE}"
            )
        self._count(session)
        if not is_pin(pin, self.pin_hash):
            raise UserError("this is not the PIN; the person who started the server knows it")
        with self._lock:
            self._tries = tuple(attempt for attempt in self._tries if attempt[1] != session)
        return self._key

    def fits(self, key: object) -> bool:
        """Return whether a session with `key` may change things: every session
        where nothing is shared.
        """
        return not self.is_shared or (
            isinstance(key, str)
            and hmac.compare_digest(key.encode("utf-8", "replace"), self._key.encode())
        )

    def _count(self, session: str) -> None:
        """Count an attempt before it is checked, so that attempts side by side
        cannot slip through.
        """
        with self._lock:
            now = self.clock()
            self._tries = tuple(
                attempt for attempt in self._tries if now - attempt[0] < WINDOW_SECONDS
            )
            own = sum(attempt[1] == session for attempt in self._tries)
            if own >= SESSION_ATTEMPTS or len(self._tries) >= SERVER_ATTEMPTS:
                raise UserError(f"too many attempts; wait {WINDOW_SECONDS / 60:.0f} minutes")
            self._tries = (*self._tries, (now, session))


def open_door(address: str | None) -> Door:
    """Return the door of this process: shared where `serve` said so, or where `address` is
    not this machine's own.
    """
    hashed = os.environ.get(HASH_VARIABLE, "")
    # without a PIN nobody has said who may do what
    launching = find_limits(os.environ) if hashed else None
    return Door(
        is_shared=bool(hashed) or not is_loopback(address), pin_hash=hashed, launching=launching
    )
