"""What a chart of several runs draws: its lines, and the accuracies and axes to choose from."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.report.comparison.bands import Band, mean_band
from rft_core.report.drawing.axes import epsilon_positions
from rft_core.report.run.history import RunHistory

PANELS = MappingProxyType(
    {"clean": "Clean accuracy", "robust": "Robust accuracy", "expected": "Expected robustness"}
)
AXES = MappingProxyType(
    {
        "step": "Step",
        "epoch": "Epoch",
        "seconds": "Seconds of work",
        "gradient_evaluations": "Gradient evaluations",
    }
)


@dataclass(frozen=True)
class Line:
    """One run, or one group of runs, in a shared chart, with its own colour and dash.

    `histories` has one entry per run, `curves` one per run that was measured on its test images;
    `band` is a name of bands.BANDS. `measured_by` says how each of `curves` was measured,
    `tracked_by` how each of the histories was.
    """

    label: str
    colour: str
    dash: str
    histories: tuple[RunHistory, ...]
    curves: tuple[RobustnessCurve, ...]
    norm: str = "linf"
    band: str = "deviation"
    measured_by: tuple[MeasuredBy, ...] = ()
    tracked_by: tuple[MeasuredBy, ...] = ()

    def tracked(self, name: str, axis: str) -> Band:
        """Return one accuracy (percent) over an axis: the run's own, or the
        group's mean with its band.
        """
        return mean_band(
            [(history.column(axis), 100 * history.column(name)) for history in self.histories],
            self.band,
        )

    def robustness(self) -> Band:
        """Return accuracy (percent) over epsilon: the run's own, or the
        group's mean with its band.
        """
        return mean_band(
            [
                (epsilon_positions(curve, self.norm), 100 * np.array(curve.accuracies))
                for curve in self.curves
            ],
            self.band,
        )

    def tracked_points(self) -> np.ndarray:
        """Return (clean, robust) of every measurement while training, fractions (P, 2)."""
        rows = [
            np.stack([history.column("clean"), history.column("robust")], axis=1)
            for history in self.histories
        ]
        return np.concatenate(rows) if rows else np.zeros((0, 2), np.float32)

    def final_points(self) -> np.ndarray:
        """Return (clean, robust) of every final model, fractions (R, 2)."""
        return np.array(
            [(curve.clean_accuracy, curve.accuracies[-1]) for curve in self.curves], np.float32
        ).reshape(-1, 2)
