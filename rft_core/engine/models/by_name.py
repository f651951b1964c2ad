"""Models from plain arguments, for loops and scripts without a RunSpec: build, apply a strategy,
merge.
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

    `image_size` is in pixels on a side, by default the backbone's own; `checkpoint` is a file of
    weights to start from. Everything random derives from `seed`; `notify` gets lines such as the
    progress of a download.
    """
    spec = checked_section(
        "model", {"backbone": backbone, "pretrained": pretrained, "checkpoint": checkpoint}
    )
    size = image_size or build.preprocessing(spec.backbone).image_size
    return build.build_model(
        spec, num_classes=num_classes, image_size=size, seed=seed, notify=notify
    )


def apply_strategy(kind: str, model: nn.Module, *, seed: int = 0, **settings: Any) -> nn.Module:
    """Return `model` prepared for a strategy: its weights are added, and only what it trains is
    trainable.

    `model` is a timm network or comes from `build_model`. It is changed in place; use the returned
    model. New weights are drawn from `seed` on the CPU, so move the model afterwards. The
    `settings` are `rank`, `alpha` and `reduction`. Train it in the mode of `train_mode`, which
    leaves frozen batch norms alone.
    """
    section = checked_section("strategy", {"kind": kind} | settings)
    apply = catalog.find("strategies", kind).load()
    with global_stream(seed, "strategy", device=torch.device("cpu")):
        if not isinstance(model, NormalizedModel):
            return apply(model, section)
        model.backbone = apply(model.backbone, section)
    return model


def merge_strategy(kind: str, model: nn.Module) -> nn.Module:
    """Return a copy of `model` as the plain architecture, with the same outputs; UserError if the
    weights that the strategy added cannot be merged exactly.
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
