"""Stand-ins for the engine's entry point, named by the tests as "module:function".

They load no torch.
"""

import os
import time

from rft_core.errors import TrainingError
from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.run_report import RunReport
from rft_core.spec.measured_by import spec_measured_by


def finish(spec, reporter, status="finished") -> RunReport:
    """A run of three steps that measures 80 % and 50 %."""
    for step in range(3):
        reporter.progress(step, 3)
        reporter.event("train", step, step / 3, {"loss": 1.0 / (step + 1)})
    reporter.progress(3, 3)
    path = reporter.folder / "model.bin"
    path.write_bytes(b"weights")
    reporter.artifact(path, "weights")
    curve = RobustnessCurve((0.0, 0.1), (8, 5), 10)
    return RunReport(
        run_id=reporter.run_id,
        status=status,
        seconds=0.1,
        images_per_second=1.0,
        curve=curve,
        onset=None,
        measured_by=spec_measured_by(spec, spec.evaluation.attack, curve.n),
        trainable_parameters=1,
        total_parameters=2,
        images_digest="d",
        gradient_evaluations=3,
        machine={"pid": os.getpid(), "device": spec.runtime.device},
    )


def wait_for_request(spec, reporter):
    """Work until a person asks for something."""
    for step in range(2000):
        reporter.progress(step, 2000)
        if wish := reporter.request():
            return None if wish == "pause" else finish(spec, reporter, "stopped")
        time.sleep(0.01)
    raise AssertionError("nobody asked for anything")


def pause(spec, reporter):
    """A run that was paused."""
    reporter.progress(2, 9)


def diverge(spec, reporter):
    """A run that went wrong in a known way."""
    raise TrainingError("the loss is not a finite number at step 3; lower optim.learning_rate")


def crash(spec, reporter):
    """A run that went wrong in an unknown way."""
    raise ZeroDivisionError("division by zero")


def run_out_of_memory(spec, reporter):
    """A run too large for this machine."""
    raise MemoryError


def interrupt(spec, reporter):
    """Ctrl-C."""
    raise KeyboardInterrupt


def vanish(spec, reporter):
    """A process that ends without a word, as one killed by the system does."""
    reporter.progress(5, 9)
    os._exit(3)


def hang(spec, reporter):
    """A run that reacts to nothing, as one whose data do not come."""
    reporter.progress(4, 9)
    time.sleep(600)
