"""Activations computed again in the backward pass instead of kept from the forward pass
(Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost): less memory, one more
forward pass a gradient.

timm's networks do it block by block. Dropout draws the same numbers both times, since torch gives
the second pass the random state of the first. Batch norms would count every batch twice, which
`statistics_held` prevents.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

FLAG = "grad_checkpointing"


def recompute_activations(model: nn.Module) -> str | None:
    """Have `model.backbone` compute its activations again; return why it keeps them all the same,
    or None when it does.
    """
    switch = getattr(model.backbone, "set_grad_checkpointing", None)
    try:
        if switch is not None:
            switch(True)
    except (AssertionError, NotImplementedError, TypeError):
        switch = None
    if switch is None or not recomputes(model):
        return (
            "runtime.checkpoint_activations: this backbone cannot compute its activations again;"
            " they are kept"
        )
    return None


def recomputes(model: nn.Module) -> bool:
    """Return whether some part of `model` computes its activations again."""
    return any(vars(module).get(FLAG, False) for module in model.modules())


@contextmanager
def kept_for_once(model: nn.Module) -> Iterator[None]:
    """Inside the block all activations are kept."""
    parts = [module for module in model.modules() if vars(module).get(FLAG, False)]
    for module in parts:
        setattr(module, FLAG, False)
    try:
        yield
    finally:
        for module in parts:
            setattr(module, FLAG, True)


@contextmanager
def statistics_held(model: nn.Module) -> Iterator[None]:
    """Inside the block no batch norm moves its running statistics, also where it measures its
    batch: for a backward pass in which forward passes are repeated.
    """
    norms = (
        [
            module
            for module in model.modules()
            if isinstance(module, _BatchNorm) and module.track_running_stats
        ]
        if recomputes(model)
        else []
    )
    counts = [norm.num_batches_tracked for norm in norms]
    before = [
        (norm.momentum, None if count is None else count.clone())
        for norm, count in zip(norms, counts)
    ]
    for norm in norms:
        # running = (1 - momentum) * running + momentum * batch
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, count, (momentum, counted) in zip(norms, counts, before):
            norm.momentum = momentum
            if count is not None and counted is not None:
                count.copy_(counted)
