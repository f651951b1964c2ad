"""Pretrain the embedded backbones on the source task: ordinary runs of the engine,
reproducible from their seed.
"""

import platform
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rft_core.engine.execution import execute
from rft_core.engine.models.embedded_weights import sha256
from rft_core.engine.models.run_checkpoint import read_tensors, write_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import TrainingError, UnknownNameError
from rft_core.files import run_files
from rft_core.files.atomic import write_json
from rft_core.files.home import WEIGHTS
from rft_core.spec.presets import NO_PERTURBATION
from rft_core.spec.run_spec import RunSpec, parse

# one thread, so that sums are added in the same order on every machine
BASE = MappingProxyType(
    {
        "runtime": {"device": "cpu", "threads": 1},
        "data": {"dataset": "blooms_source"},
        "schedule": dict(NO_PERTURBATION),
        "evaluation": {"tracking": 6, "examples": 0},
        "threat": {"epsilon": "8/255"},
    }
)
RECIPES: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "bloom_resnet": {"optim": {"epochs": 12, "batch_size": 128, "learning_rate": 3e-3}},
        "bloom_convnext": {
            "optim": {"epochs": 20, "batch_size": 128, "learning_rate": 3e-3, "weight_decay": 0.05}
        },
        "bloom_vit": {
            "optim": {"epochs": 40, "batch_size": 128, "learning_rate": 2e-3, "weight_decay": 0.05}
        },
        "bloom_resnet_robust": {
            "optim": {"epochs": 16, "batch_size": 128, "learning_rate": 3e-3},
            "schedule": {"kind": "two_hinge", "ramp_start": 0.1, "ramp_end": 0.6},
            "attack": {"steps": 3},
        },
    }
)


def recipe(name: str) -> RunSpec:
    """Return the run that makes an embedded backbone."""
    if name not in RECIPES:
        raise UnknownNameError("embedded backbone", name, list(RECIPES))
    return parse(
        BASE
        | RECIPES[name]
        | {
            "name": f"pretrain {name}",
            "model": {"backbone": name, "pretrained": False},
        }
    )


def pretrain(name: str, reporter: FolderReporter, folder: Path = WEIGHTS) -> dict[str, Any]:
    """Run the recipe of `name`; write its weights (without the head) and its card into
    `folder`; return the card.
    """
    spec = recipe(name)
    measured = execute(spec, reporter)
    if measured is None:
        raise TrainingError(f"pretraining {name} was paused before its end; run it again")
    report = measured.as_dict()
    tensors, _ = read_tensors(reporter.folder / run_files.WEIGHTS)
    head = ("backbone.fc.", "backbone.head.fc.", "backbone.head.weight", "backbone.head.bias")
    backbone = {
        key.removeprefix("backbone."): value
        for key, value in tensors.items()
        if not key.startswith(head)
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    write_tensors(path, backbone, {"backbone": name})
    kept = (
        "clean_accuracy",
        "robust_accuracy",
        "expected_robustness",
        "measured_by",
        "seconds",
        "images_per_second",
        "gradient_evaluations",
        "total_parameters",
        "machine",
    )
    card = {
        "name": name,
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
        "command": f"python -m rft_core pretrain {name}",
        "source_task": (
            "blooms_source: 54 classes of drawn flowers, 24,000 training images, measured on 2,000"
        ),
        "recipe": spec.model_dump(mode="json"),
        "measured": (
            {key: report[key] for key in kept}
            | {"processor": platform.machine(), "epsilon": "8/255"}
        ),
        "licence": "MIT",
    }
    write_json(folder / f"{name}.json", card)
    return card
