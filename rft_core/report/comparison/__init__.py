"""Runs side by side: their lines, tables, pairs and sentences."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.report.comparison.bands import BANDS
    from rft_core.report.comparison.compare import is_standard
    from rft_core.report.comparison.grouping import SEEDS, grouping_choices
    from rft_core.report.comparison.lines import AXES, PANELS
    from rft_core.report.comparison.pairs import Pair, pair_runs
    from rft_core.report.comparison.pareto_plane import pareto_figure
    from rft_core.report.comparison.robustness_figure import curves_figure
    from rft_core.report.comparison.rows import (
        area_table,
        difference_rows,
        differing_rows,
        group_table,
        number_rows,
    )
    from rft_core.report.comparison.sentences import (
        describe_curves,
        describe_pairs,
        describe_pareto,
        describe_tracking,
    )
    from rft_core.report.comparison.tracking_figure import accuracy_panels, panels_height
    from rft_core.report.comparison.view import Content, View, assemble, pareto_rows, with_pairs
    from rft_core.report.run.run_labels import run_labels

__getattr__, __dir__, __all__ = lazy_door(__name__)
