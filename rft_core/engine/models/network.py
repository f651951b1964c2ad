"""No network is found out at once, instead of after minutes of retries."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlparse

from huggingface_hub import constants

PROBE_SECONDS = 4.0


@contextmanager
def offline_when_unreachable() -> Iterator[None]:
    """Inside the block, use only what is cached when the hub cannot be reached; the setting is restored after it."""
    before = constants.HF_HUB_OFFLINE
    # read at every request by the library, so that the process need not be started anew
    constants.HF_HUB_OFFLINE = before or not hub_is_reachable()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def hub_is_reachable() -> bool:
    """Return whether a connection to the hub opens within a few seconds; behind a proxy the proxy is trusted."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True
    address = urlparse(constants.ENDPOINT)
    try:
        with socket.create_connection((address.hostname, address.port or (443 if address.scheme == "https" else 80)), timeout=PROBE_SECONDS):
            return True
    except OSError:
        return False
