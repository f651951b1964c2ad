"""What viewers of a shared dashboard may launch, as the person who started it set it: limits, and
their way into the dashboard's process.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rft_core.errors import UserError
from rft_core.units import format_duration

LIMITS_VARIABLE = "RFT_SHARE_LAUNCH"
GIGABYTE = 10**9


@dataclass(frozen=True, kw_only=True)
class LaunchLimits:
    """Limits on what viewers launch; None where there is none.

    `queued`: runs of one viewer that wait or are at work. `minutes`: of one run, from its start to
    the moment it is asked to stop. `images`: training and test images of one run. `disk`:
    gigabytes (10^9 bytes) in the home from which on none is launched; what was launched before
    goes on, and may take more.
    """

    queued: int | None = None
    minutes: float | None = None
    images: int | None = None
    disk: float | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is None:
                continue
            is_number = (
                isinstance(value, (int, float))
                and not isinstance(value, bool)
                and math.isfinite(value)
            )
            if (
                not is_number
                or value <= 0
                or (name in ("queued", "images") and value != int(value))
            ):
                raise UserError(
                    f"--limit-{name} must be"
                    f" {'a whole number' if name in ('queued', 'images') else 'a number'} above 0,"
                    f" got {value}"
                )

    def sentence(self) -> str:
        """Return the limits as one line for those they hold for."""
        parts = []
        if self.queued is not None:
            parts.append(
                f"{self.queued:,} {'run' if self.queued == 1 else 'runs'} of yours waiting or at"
                " work"
            )
        if self.minutes is not None:
            parts.append(f"{format_duration(60 * self.minutes)} a run")
        if self.images is not None:
            parts.append(f"{self.images:,} images a run")
        if self.disk is not None:
            parts.append(f"none once runs and data of all hold {self.disk:g} GB")
        return (
            f"You may launch runs here. Limits: {', '.join(parts)}."
            if parts
            else "You may launch runs here."
        )


def to_text(limits: LaunchLimits) -> str:
    """Return the text that tells the dashboard's process that viewers may
    launch within `limits`.
    """
    return json.dumps(asdict(limits))


def find_limits(environment: Mapping[str, str]) -> LaunchLimits | None:
    """Return the limits within which viewers may launch, or None where they may not; a damaged
    text lets nobody launch.
    """
    try:
        return LaunchLimits(**json.loads(environment.get(LIMITS_VARIABLE, "")))
    except (ValueError, TypeError, UserError):
        return None
