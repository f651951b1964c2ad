"""One evaluation: its figures and sentences."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.report.evaluation.figures import (
        Line,
        attacks_figure,
        class_figure,
        confusion_figure,
        parts_figure,
    )
    from rft_core.report.evaluation.sentences import (
        MEANINGS,
        describe_attacks,
        describe_classes,
        describe_confusion,
        describe_falling,
        describe_parts,
        describe_picture,
        describe_verdict,
    )

__getattr__, __dir__, __all__ = lazy_door(__name__)
