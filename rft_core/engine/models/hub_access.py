"""No network is found out at once, instead of after minutes of retries."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants

from rft_core.resources.weights import network_is_up

PROBE_SECONDS = 4.0


@contextmanager
def offline(wanted: bool = True) -> Iterator[None]:
    """Inside the block the hub's library uses only what is cached, when `wanted`; the setting
    is restored after it.
    """
    before = constants.HF_HUB_OFFLINE
    # read at every request by the library, so that the process need not be started anew
    constants.HF_HUB_OFFLINE = before or wanted
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def is_reachable(address: str | None = None) -> bool:
    """Return whether a connection to `address`, the hub when not given, opens within a few seconds;
    behind a proxy the proxy is trusted.
    """
    return not constants.HF_HUB_OFFLINE and network_is_up(
        PROBE_SECONDS, address or constants.ENDPOINT
    )
