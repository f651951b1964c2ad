"""Training and evaluation mode of a model, without losing the flag of any module."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

FROZEN = "rft_frozen_statistics"


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[nn.Module]:
    """Put every module in eval mode and give each its own flag back afterwards,
    also after an error.
    """
    flags = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield model
    finally:
        for module, flag in flags.items():
            module.training = flag


def freeze_statistics(model: nn.Module) -> None:
    """Mark the batch norms of `model`, so that `train_mode` leaves their
    running statistics alone.
    """
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            setattr(module, FROZEN, True)


def trains_statistics(model: nn.Module) -> bool:
    """Return whether some batch norm of `model` measures its batches while training."""
    return any(
        isinstance(module, _BatchNorm) and not getattr(module, FROZEN, False)
        for module in model.modules()
    )


def train_mode(model: nn.Module) -> nn.Module:
    """Put `model` in training mode, except the norms marked by `freeze_statistics`."""
    model.train()
    for module in model.modules():
        if getattr(module, FROZEN, False):
            module.training = False
    return model
