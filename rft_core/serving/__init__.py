"""The dashboard served: its start, the guard of requests, the PIN, and what viewers may launch."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.serving.pin import Door, is_loopback, open_door
    from rft_core.serving.request_guard import Guard
    from rft_core.serving.server import lan_addresses
    from rft_core.serving.viewer_launch import launch_for_viewer

__getattr__, __dir__, __all__ = lazy_door(__name__)
