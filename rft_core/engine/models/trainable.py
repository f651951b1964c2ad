"""Whether an architecture of timm can be fine-tuned, found by trying it.

It tries a step of full fine-tuning and a step of a linear probe at the architecture's own size.
Tensors are fake (shapes, no numbers), so that the largest architecture takes no more memory than
the smallest; the few that cannot be run this way are tried with real tensors. `docs.studies.heads`
tries an architecture of each family with real tensors and compares the results.
"""

from contextlib import nullcontext

import timm
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from rft_core.engine.models.heads import heads
from rft_core.engine.models.modes import train_mode
from rft_core.engine.models.timm_models import pretrained_config
from rft_core.spec import catalog
from rft_core.spec.sections import StrategySpec

STRATEGIES = ("full_finetune", "linear_probe")
CLASSES, PICTURES = 3, 2
NO_HEAD = "it has no classification head: it is an encoder for other models"
LONGEST = 160


def refusal(name: str) -> str:
    """Return why the architecture `name` cannot be fine-tuned, as a clause; "" if it can."""
    try:
        with torch.device("meta"):
            backbone = timm.create_model(name, num_classes=CLASSES)
    except Exception as error:  # any of a thousand architectures may raise anything
        return f"timm cannot build it ({_first_line(error)})"
    if not heads(backbone):
        return NO_HEAD
    reason = ""
    for strategy in STRATEGIES:
        reason = reason or why_not(name, strategy, fake=True) and why_not(name, strategy)
    return reason


def why_not(name: str, strategy: str, *, fake: bool = False) -> str:
    """Return why one step of `strategy` fails on a new model `name`, as a
    clause; "" if it does not.
    """
    size = pretrained_config(name).input_size[-1]
    try:
        with torch.device("meta") if fake else nullcontext():
            backbone = timm.create_model(name, num_classes=CLASSES)
        with FakeTensorMode(allow_non_fake_inputs=True) if fake else nullcontext():
            return step(backbone.to_empty(device="cpu") if fake else backbone, strategy, size)
    except Exception as error:
        return f"{strategy} fails ({_first_line(error)})"


def step(backbone: nn.Module, strategy: str, size: int) -> str:
    """Train `backbone` one step by `strategy` on pictures of `size` pixels.

    Returns what is wrong with the result, as a clause; "" if nothing is.
    """
    apply = catalog.find("strategies", strategy).load()
    backbone = train_mode(apply(backbone, StrategySpec(kind=strategy)))
    images = torch.rand(PICTURES, 3, size, size, requires_grad=True)
    logits = backbone(images)
    if not isinstance(logits, torch.Tensor) or logits.shape != (PICTURES, CLASSES):
        return f"while training it gives {_described(logits)}, not logits"
    trained = [parameter for parameter in backbone.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    F.cross_entropy(logits, torch.arange(PICTURES)).backward()
    optimizer.step()
    if images.grad is None:
        return "its logits have no gradient with respect to the pixels, so it cannot be attacked"
    head = [parameter for module in heads(backbone) for parameter in module.parameters()]
    if any(parameter.grad is None for parameter in head):
        return "part of its head takes no part in the logits"
    return ""


def _described(output: object) -> str:
    if isinstance(output, torch.Tensor):
        return f"numbers of shape {tuple(output.shape)}"
    return f"a {type(output).__name__}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:LONGEST]
