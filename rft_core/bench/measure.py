"""All measurements of the engine, one after the other: what `python -m rft_core bench` prints."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from rft_core.bench.curve import measure_curve
from rft_core.bench.limit import matmul_rate
from rft_core.bench.training import Case, measure_training
from rft_core.engine.hardware.device import choose_runtime
from rft_core.errors import UnknownNameError
from rft_core.spec.sections import RuntimeSpec

EMBEDDED = tuple(Case(name, 32, 64) for name in ("bloom_resnet", "bloom_convnext", "bloom_vit"))
# weights do not change the speed, and not every machine has them
FULL_SIZE = tuple(
    Case(name, 224, 16, loaded=False)
    for name in ("resnet18", "convnext_atto", "vit_tiny_patch16_224")
)
LARGE = tuple(
    Case(name, 224, 128, loaded=False)
    for name in ("vit_base_patch16_224", "swin_base_patch4_window7_224", "convnext_base")
)
CURVES = ("bloom_resnet_robust", "bloom_convnext", "bloom_vit")
CURVE_IMAGES = 1000


def cases(names: Sequence[str] = ()) -> tuple[Case, ...]:
    """Return the rows that fit this machine, or those of `names`; an unknown name raises."""
    every = EMBEDDED + FULL_SIZE + LARGE
    fitting = EMBEDDED + FULL_SIZE + (LARGE if torch.cuda.is_available() else ())
    for name in names:
        if name not in [case.backbone for case in every]:
            raise UnknownNameError("bench model", name, [case.backbone for case in every])
    return tuple(case for case in every if case.backbone in names) if names else fitting


def measure(
    names: Sequence[str],
    rounds: int,
    curve_rounds: int,
    threads: int | None,
    notify: Callable[[str], None],
) -> dict[str, Any]:
    """Return {"machine", "training", "curve", "limit"}; `notify` takes a line before each part,
    which takes seconds to minutes.
    """
    runtime = choose_runtime(RuntimeSpec(threads=threads), torch.nn.Identity())
    notify("the rate of a large matrix product")
    rate = matmul_rate(runtime)
    training = []
    for case in cases(names):
        notify(f"a training step of {case.backbone} at {case.image_size} pixels")
        training.append(measure_training(case, rounds, threads))
    curve = []
    for name in CURVES if not names else [name for name in CURVES if name in names]:
        notify(f"the robustness curve of {name}")
        curve.append(measure_curve(name, CURVE_IMAGES, curve_rounds, threads))
    machine = runtime.describe() | {
        "torch": torch.__version__,
        "matmul_operations_per_second": rate,
    }
    limit = [
        {
            "model": row["model"],
            "operations_per_second": row["operations_per_second"],
            "share": row["operations_per_second"] / rate,
        }
        for row in training
    ]
    return {"machine": machine, "training": training, "curve": curve, "limit": limit}
