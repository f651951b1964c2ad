"""What all figures share: size, axes, labels, enlargement for a projector."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.report.drawing import projector
    from rft_core.report.drawing.canvas import note
    from rft_core.report.drawing.palette import run_style

__getattr__, __dir__, __all__ = lazy_door(__name__)
