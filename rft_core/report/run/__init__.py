"""One run, or a run before it starts: its figures, its history, its sentences."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.report.run.dataset_card import Finding, balance_figure, describe_card, findings
    from rft_core.report.run.figures import accuracy_figure, epsilon_strip, robustness_figure
    from rft_core.report.run.history import MEASURED_KINDS, RunHistory, build_history, measured_at
    from rft_core.report.run.measured_run import measured_method, measured_report
    from rft_core.report.run.measurement_words import in_brackets
    from rft_core.report.run.schedule_explorer import (
        REFERENCES,
        compared,
        editor_data,
        schedule_figure,
        schedule_rows,
    )
    from rft_core.report.run.schedule_explorer import Line as ScheduleLine
    from rft_core.report.run.sentences import describe_run, describe_shifts
    from rft_core.report.run.shift_figures import corruption_figure, domain_figure

__getattr__, __dir__, __all__ = lazy_door(__name__)
