"""What people look at, from plain data: figures, comparisons, exports."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.report import comparison, drawing, evaluation, files, run, story
    from rft_core.report.drawing.axes import CONFIG

__getattr__, __dir__, __all__ = lazy_door(__name__)
