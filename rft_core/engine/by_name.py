"""Methods by the names of their menus, with plain arguments: for loops and scripts of one's own.

Settings have the names, defaults and limits of a run's settings without their first part: `beta` is
`objective.beta`. A value out of its range raises UserError with the setting's name, as does a name
that no menu has.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rft_core.engine.models import build
from rft_core.engine.models.modes import eval_mode
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.seeds import global_stream
from rft_core.errors import UserError
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec, with_settings

Attack = Callable[..., Tensor]
Loss = Callable[[nn.Module, Tensor, Tensor, Attack | None], Tensor]


def _section(name: str, settings: dict[str, Any]) -> Any:
    """Return one part of a run's settings, checked."""
    named = {f"{name}.{setting}": value for setting, value in settings.items()}
    return getattr(with_settings(RunSpec(), named), name)


def make_adversary(
    attack: str = "pgd",
    *,
    epsilon: float | str,
    norm: str = "linf",
    steps: int = 3,
    relative_step_size: float | None = None,
    random_start: bool = True,
    generator: torch.Generator | None = None,
) -> Attack | None:
    """Return (model, images, labels) -> adversarial images (N, C, H, W) in [0, 1], by an attack to
    train with; None where `epsilon` is 0 and there is nothing to attack.

    The attack runs in eval mode and gives every module its own mode back: in training mode it would
    move the batch norms' statistics and come out weaker. The images come without a gradient.
    `generator` draws the random starts on the images' device; torch's global stream without one.
    """
    radius = _section("threat", {"epsilon": epsilon, "norm": norm}).epsilon
    chosen = {"steps": steps, "relative_step_size": relative_step_size}
    _section("attack", {"kind": attack, "random_start": random_start} | chosen)
    if radius == 0:
        return None
    run = catalog.find("attacks", attack).load()
    configured = chosen | {
        "norm": norm,
        "epsilon": radius,
        "random_start": random_start,
        "generator": generator,
    }

    def adversary(model: nn.Module, images: Tensor, labels: Tensor, **options: Any) -> Tensor:
        with eval_mode(model):
            return run(model, images, labels, **configured | options).detach()

    return adversary


def make_objective(kind: str = "adversarial", *, model: nn.Module, **settings: Any) -> Loss:
    """Return (model, images, labels, adversary) -> loss, a scalar with a gradient.

    `adversary` is what `make_adversary` returns; with None the objective is that of factor 0. The
    `settings` are `beta`, `anchor_weight` and `clip`. `model` is the one to be trained, as it is
    before training: an objective that holds on to the pretrained model keeps a frozen copy of it,
    and needs one from `build_model`.
    """
    section = _section("objective", {"kind": kind} | settings)
    choice = catalog.find("objectives", kind)
    loss, prepare = choice.load(), choice.companion("prepare")
    kept = {}
    if prepare is not None:
        _require_normalized(model, f"the objective '{kind}'")
        kept["reference"] = prepare(model, section)

    def objective(
        model: nn.Module, images: Tensor, labels: Tensor, adversary: Attack | None
    ) -> Tensor:
        return loss(model, images, labels, adversary, section, **kept)

    return objective


def apply_strategy(kind: str, model: nn.Module, *, seed: int = 0, **settings: Any) -> nn.Module:
    """Return `model` with only those weights trainable, or added, that the strategy trains.

    `model` is a timm network, or one of `build_model`, whose network is changed. It is changed in
    place; use what is returned. New weights are drawn from `seed` on the CPU, so move the model
    afterwards. The `settings` are `rank`, `alpha` and `reduction`. Train it in the mode of
    `train_mode`, which leaves frozen batch norms alone.
    """
    section = _section("strategy", {"kind": kind} | settings)
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
    spec = _section(
        "model", {"backbone": backbone, "pretrained": pretrained, "checkpoint": checkpoint}
    )
    size = image_size or build.preprocessing(spec.backbone).image_size
    return build.build_model(
        spec, num_classes=num_classes, image_size=size, seed=seed, notify=notify
    )


def _require_normalized(model: nn.Module, what: str) -> None:
    if not isinstance(model, NormalizedModel):
        raise UserError(
            f"{what} needs a model that has its network apart; put yours into"
            " NormalizedModel(network, mean, std), or make one with build_model"
        )
