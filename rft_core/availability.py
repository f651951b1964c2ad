"""Whether a backbone can be had (stand-in)."""

from dataclasses import dataclass

from rft_core import catalog
from rft_core.home import Home


@dataclass(frozen=True)
class Availability:
    """Whether, and why."""

    usable: bool
    reason: str


def network_is_up(timeout: float = 1.0) -> bool:
    """Return whether the hub can be reached."""
    return False


def backbone_here(name: str, home: Home) -> Availability:
    """Return whether the weights of `name` can be had."""
    if name in {row.name for row in catalog.BACKBONES}:
        return Availability(True, "embedded")
    return Availability(False, "not here, and the hub cannot be reached")
