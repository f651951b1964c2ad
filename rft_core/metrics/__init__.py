"""What is measured, in plain numbers: no torch, no store."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.metrics.measured_by import MeasuredBy
    from rft_core.metrics.verdicts import confusion

__getattr__, __dir__, __all__ = lazy_door(__name__)
