"""The objective of a run, with the frozen model that some of them compare with filled in."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from rft_core.engine.hardware.device import Runtime
from rft_core.spec import catalog
from rft_core.spec.sections import ObjectiveSpec


def build_objective(
    settings: ObjectiveSpec, model: nn.Module, runtime: Runtime
) -> Callable[..., Tensor]:
    """Return (model, images, labels, adversary, settings) -> loss for `model` as it is
    now, before training.

    What an objective's `prepare` returns is moved to the run's device. It belongs to the
    objective, not to the model: it is neither trained, counted nor saved, and a resumed run
    makes the same one anew.
    """
    choice = catalog.find("objectives", settings.kind)
    loss, prepare = choice.load(), choice.companion("prepare")
    if prepare is None:
        return loss
    reference = prepare(model, settings).to(runtime.device, memory_format=runtime.memory_format)
    return partial(loss, reference=reference)
