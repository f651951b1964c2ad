"""Models by plain arguments, for loops and scripts that have no RunSpec: built, changed by a
strategy, merged.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from rft_core.engine.models import build
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.seeds import global_stream
from rft_core.errors import UserError
from rft_core.spec import catalog
from rft_core.spec.named_settings import checked_section


def build_model(
    backbone: str = "bloom_convnext",
    *,
    num_classes: int,
    image_size: int | None = None,
    pretrained: bool = True,
    checkpoint: str | None = None,
    seed: int = 0,
    notify: Callable[[str], None] = lambda text: None,
) -> NormalizedModel:
    """Return a backbone (embedded, or any name of timm) with a new head: pixels (N, 3, H, W) in
    [0, 1] to logits (N, num_classes), mean and std inside.

    `image_size` is in pixels on a side, the backbone's own by default; `checkpoint` a file of
    weights to start from. What is random in it comes from `seed`; `notify` gets lines such as how
    far a download is.
    """
    spec = checked_section(
        "model", {"backbone": backbone, "pretrained": pretrained, "checkpoint": checkpoint}
    )
    size = image_size or build.preprocessing(spec.backbone).image_size
    return build.build_model(
        spec, num_classes=num_classes, image_size=size, seed=seed, notify=notify
    )


def apply_strategy(kind: str, model: nn.Module, *, seed: int = 0, **settings: Any) -> nn.Module:
    """Return `model` with only those weights trainable, or added, that the strategy trains.

    `model` is a timm network, or one of `build_model`, whose network is changed. It is changed in
    place; use what is returned. New weights are drawn from `seed` on the CPU, so move the model
    afterwards. The `settings` are `rank`, `alpha` and `reduction`. Train it in the mode of
    `train_mode`, which leaves frozen batch norms alone.
    """
    section = checked_section("strategy", {"kind": kind} | settings)
    apply = catalog.find("strategies", kind).load()
    with global_stream(seed, "strategy", device=torch.device("cpu")):
        if not isinstance(model, NormalizedModel):
            return apply(model, section)
        model.backbone = apply(model.backbone, section)
    return model


def merge_strategy(kind: str, model: nn.Module) -> nn.Module:
    """Return a copy of `model` as the plain architecture, with the same outputs; UserError where
    what the strategy added cannot be merged exactly.
    """
    merge = catalog.find("strategies", kind).companion("merge")
    if merge is None:
        raise UserError(f"what the strategy '{kind}' adds cannot be merged into plain weights")
    if not isinstance(model, NormalizedModel):
        return merge(model)
    merged = NormalizedModel(
        merge(model.backbone), model.mean.flatten().tolist(), model.std.flatten().tolist()
    )
    return merged.to(model.mean.device).train(model.training)
