"""RunReport: what a run measured, as plain data."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.metrics.transfer import Onset


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """The end of a run.

    Accuracies are fractions on `curve.n` test images, those under attack by `measured_by`;
    seconds exclude imports.

    `parameter_map` has one row a part of the network: ``{"module": "blocks.3",
    "trainable": n, "total": n}``.
    """

    run_id: str
    status: str
    seconds: float
    images_per_second: float
    curve: RobustnessCurve
    measured_by: MeasuredBy
    onset: Onset | None
    trainable_parameters: int
    total_parameters: int
    images_digest: str
    gradient_evaluations: int
    hypervolume: float = 0.0
    """Area that the (clean, robust at the target) points of all measurements while training
    dominate; validation images.
    """
    transfer_failure: bool = False
    """Whether clean accuracy is too near chance to call the task learned."""
    machine: dict[str, Any] = field(default_factory=dict)
    parameter_map: list[dict[str, Any]] = field(default_factory=list)
    shared_images: dict[str, int] = field(default_factory=dict)
    """How many images of the second split are in the first one too, pixel for pixel:
    ``{"train_test": 46, ...}``.
    """
    version: str = ""
    """Of the program that measured."""
    shifts: dict[str, Any] | None = None
    """Accuracy away from the training distribution (metrics/shifts.py), where it was asked for."""

    def as_dict(self) -> dict[str, Any]:
        """Return the document that `run --json` prints and the store keeps."""
        return {
            "run_id": self.run_id,
            "version": self.version,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 2),
            "clean_accuracy": self.curve.clean_accuracy,
            "robust_accuracy": self.curve.accuracies[-1],
            "expected_robustness": self.curve.expected_robustness,
            "measured_by": self.measured_by.as_dict(),
            "onset": asdict(self.onset) if self.onset else None,
            "curve": self.curve.points(),
            "trainable_parameters": self.trainable_parameters,
            "total_parameters": self.total_parameters,
            "images_digest": self.images_digest,
            "gradient_evaluations": self.gradient_evaluations,
            "hypervolume": self.hypervolume,
            "transfer_failure": self.transfer_failure,
            "machine": self.machine,
            "parameter_map": self.parameter_map,
            "shared_images": self.shared_images,
            "shifts": self.shifts,
        }
