"""Backbones at 224 pixels without pretrained weights: two steps of every strategy on the CPU, and
the memory it takes.

    python -m docs.studies.backbones measure FOLDER      every pair in a process of its own, about
    10 minutes on one core
    python -m docs.studies.backbones table FOLDER        a table for docs/log

A run: 16 training pictures of noise in four classes, batches of 8, PGD-2 while training and
measuring, 8 test pictures. Peak memory is the largest resident set of the process (getrusage),
Python and torch included.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from rft_core.errors import StrategyError
from rft_core.resources.backbones import training_memory
from rft_core.spec.catalog import STRATEGIES

BACKBONES = (
    "vit_tiny_patch16_224",
    "convnext_atto",
    "resnet18",
    "deit_small_patch16_224",
    "resnet50",
)
FROM_FILE = "convnext_atto"
BATCH, SIZE, CLASSES = 8, 224, 4
# a run so small that what its process takes is that of Python, torch and the engine: 0.5
# million weights, 32 pixels
PROGRAM = "bloom_resnet"


def pictures(folder: Path) -> Path:
    """Write pictures of noise as train/ and test/ with one folder a class; return the folder."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 5), ("test", 2)):
        for label in range(CLASSES):
            place = folder / "pictures" / split / f"class{label}"
            place.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                Image.fromarray(generator.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)).save(
                    place / f"{number}.png"
                )
    return folder / "pictures"


def run(
    folder: Path, backbone: str, strategy: str, checkpoint: str = "", batch: int = BATCH
) -> dict:
    """Make one run in this process; return its steps, seconds and peak memory in bytes."""
    from rft_core.engine.execution import execute
    from rft_core.engine.reporter import FolderReporter
    from rft_core.spec.run_spec import parse

    spec = parse(
        {
            "data": {
                "dataset": f"folder:{folder / 'pictures'}",
                "train_size": 2 * batch,
                "image_size": 32 if backbone == PROGRAM else SIZE,
            },
            "model": {"backbone": backbone, "pretrained": False, "checkpoint": checkpoint or None},
            "strategy": {"kind": strategy},
            "attack": {"steps": 2},
            "optim": {"epochs": 1, "batch_size": batch},
            "evaluation": {"steps": 2, "tracking": 2, "examples": 0, "epsilons": [0, "8/255"]},
            "schedule": {"kind": "constant"},
            "runtime": {"device": "cpu", "threads": 1},
        }
    )
    started = time.monotonic()
    reporter = FolderReporter(folder / f"{backbone}-{strategy}{'-file' if checkpoint else ''}")
    try:
        execute(spec, reporter)
    except StrategyError as error:
        return {"refused": str(error)}
    return {"bytes": _peak(), "seconds": time.monotonic() - started, "steps": reporter.step}


def _peak() -> int:
    # kilobytes on Linux
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(folder: Path) -> None:
    """Make every run that is not there yet, each in a process of its own."""
    pictures(folder)
    names = [row.name for row in STRATEGIES]
    jobs = [
        (PROGRAM, "full_finetune", ""),
        (PROGRAM, "lora", ""),
        *((backbone, name, "") for backbone in BACKBONES for name in names),
    ]
    jobs += [
        (FROM_FILE, name, str(folder / f"{FROM_FILE}-full_finetune" / "model.safetensors"))
        for name in names
    ]
    for backbone, strategy, checkpoint in jobs:
        path = folder / f"{backbone}-{strategy}{'-file' if checkpoint else ''}.json"
        if not path.exists():
            command = [
                sys.executable,
                "-m",
                "docs.studies.backbones",
                "one",
                str(folder),
                backbone,
                strategy,
                checkpoint,
            ]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            path.write_text(answer)
            print(path.stem, answer.strip(), flush=True)


def table(folder: Path) -> None:
    """Print one row a run: measured and estimated gigabytes, and how far the estimate is off."""
    program = ", ".join(
        f"{name} {_read(folder, PROGRAM, name)['bytes'] / 1e9:.2f} GB"
        for name in ("full_finetune", "lora")
    )
    print(f"{PROGRAM} at 32 pixels: {program}\n")
    print(
        "| backbone | strategy | measured GB | estimated GB | estimate - measured | seconds |\n|"
        " --- | --- | --- | --- | --- | --- |"
    )
    for backbone in (*BACKBONES, f"{FROM_FILE} from a file"):
        for row in STRATEGIES:
            name, _, from_file = backbone.partition(" ")
            found = _read(folder, name, row.name, "-file" if from_file else "")
            if "refused" in found:
                print(f"| {backbone} | {row.name} | does not fit | | | |")
                continue
            estimate = training_memory(name, batch_size=BATCH, image_size=SIZE, strategy=row.name)
            error = f"{100 * (estimate / found['bytes'] - 1):+.0f} %"
            print(
                f"| {backbone} | {row.name} | {found['bytes'] / 1e9:.2f} | {estimate / 1e9:.2f} |"
                f" {error} | {found['seconds']:.1f} |"
            )


def _read(folder: Path, backbone: str, strategy: str, ending: str = "") -> dict:
    return json.loads((folder / f"{backbone}-{strategy}{ending}.json").read_text())


if __name__ == "__main__":
    mode, target = sys.argv[1], Path(sys.argv[2]).resolve()
    if mode == "one":
        print(json.dumps(run(target, *sys.argv[3:6])))
    else:
        {"measure": measure, "table": table}[mode](target)
