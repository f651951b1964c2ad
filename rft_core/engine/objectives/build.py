"""The objective of a run, together with the frozen model that some objectives compare with."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from rft_core.engine.hardware.device import Runtime
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.errors import UserError
from rft_core.spec import catalog
from rft_core.spec.named_settings import checked_section
from rft_core.spec.sections import ObjectiveSpec


def build_objective(
    settings: ObjectiveSpec, model: nn.Module, runtime: Runtime
) -> Callable[..., Tensor]:
    """Return (model, images, labels, adversary, settings) -> loss for `model` before training.

    The result of an objective's `prepare` is moved to the run's device. It belongs to the
    objective, not to the model: it is neither trained, counted nor saved, and a resumed run makes
    the same copy again.
    """
    choice = catalog.find("objectives", settings.kind)
    loss, prepare = choice.load(), choice.companion("prepare")
    if prepare is None:
        return loss
    reference = prepare(model, settings).to(runtime.device, memory_format=runtime.memory_format)
    return partial(loss, reference=reference)


def make_objective(
    kind: str = "adversarial", *, model: nn.Module, **settings: Any
) -> Callable[[nn.Module, Tensor, Tensor, Callable[..., Tensor] | None], Tensor]:
    """Return (model, images, labels, adversary) -> loss, a scalar with a gradient.

    `adversary` is what `make_adversary` returns; with None the objective is that of factor 0. The
    `settings` are `beta`, `anchor_weight` and `clip`. `model` is the model to train, before
    training: an objective that compares with the pretrained model keeps a frozen copy of it, and
    needs a model from `build_model`.
    """
    section = checked_section("objective", {"kind": kind} | settings)
    choice = catalog.find("objectives", kind)
    loss, prepare = choice.load(), choice.companion("prepare")
    kept = {}
    if prepare is not None:
        _require_normalized(model, f"the objective '{kind}'")
        kept["reference"] = prepare(model, section)

    def objective(
        model: nn.Module, images: Tensor, labels: Tensor, adversary: Callable[..., Tensor] | None
    ) -> Tensor:
        return loss(model, images, labels, adversary, section, **kept)

    return objective


def _require_normalized(model: nn.Module, subject: str) -> None:
    if not isinstance(model, NormalizedModel):
        raise UserError(
            f"{subject} needs a NormalizedModel; wrap your network as"
            " NormalizedModel(network, mean, std), or use build_model"
        )
