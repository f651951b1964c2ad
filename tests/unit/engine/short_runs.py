"""Runs of six steps, and what is left of them."""

import torch

from rft_core.engine.execution import execute
from rft_core.engine.models.build import build_model
from rft_core.engine.models.run_checkpoint import read_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.files.run_files import WEIGHTS
from tests import tiny

TOTAL_STEPS = 6
# what an interruption cannot keep, and what is not a number of the method
CLOCKS = ("seconds", "images_per_second", "run_id")


class Interrupted(FolderReporter):
    """Asks for `wish` once training has reached `step`."""

    def __init__(self, folder, step: int, wish: str = "pause"):
        super().__init__(folder)
        self.at, self.wish = step, wish

    def request(self):
        return self.wish if self.step >= self.at else None


def numbers(report) -> dict:
    kept = {name: value for name, value in report.as_dict().items() if name not in CLOCKS}
    return kept | {
        "machine": {
            name: value
            for name, value in kept["machine"].items()
            if not name.endswith("memory_mib")
        }
    }


def weights(folder) -> dict[str, torch.Tensor]:
    return read_tensors(folder / WEIGHTS)[0]


def same_weights(folder, other_folder) -> bool:
    first, second = weights(folder), weights(other_folder)
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def go(folder, **changes):
    reporter = FolderReporter(folder)
    return execute(tiny.run_spec(**changes), reporter), reporter


def before_training(**changes) -> dict[str, torch.Tensor]:
    spec = tiny.run_spec(**changes)
    return build_model(spec.model, num_classes=10, image_size=16, seed=spec.seed).state_dict()
