"""Detect a missing network at once, instead of after minutes of retries."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants

from rft_core.resources.weights import network_is_up

PROBE_SECONDS = 4.0


@contextmanager
def offline(wanted: bool = True) -> Iterator[None]:
    """Inside the block the hub's library only uses its cache, if `wanted`; the setting is restored
    afterwards.
    """
    before = constants.HF_HUB_OFFLINE
    # the library reads it at every request, so the process need not be restarted
    constants.HF_HUB_OFFLINE = before or wanted
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def is_reachable(address: str | None = None) -> bool:
    """Return whether a connection to `address`, by default the hub, opens within a few seconds;
    behind a proxy the answer is yes.
    """
    return not constants.HF_HUB_OFFLINE and network_is_up(
        PROBE_SECONDS, address or constants.ENDPOINT
    )
