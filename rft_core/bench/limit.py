"""How close a training step comes to the machine's limit: its floating-point operations over the
rate of a large matrix product.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from rft_core.engine.hardware.device import Runtime
from rft_core.engine.hardware.folding import Folding
from rft_core.engine.hardware.products import prefers_onednn, product, use_torch
from rft_core.engine.job import Job
from rft_core.engine.training.step import build_adversary, next_batch, training_step

# large enough to be bound by arithmetic, small enough for a laptop
SIZES, GPU_SIZES = (1024, 2048), (4096, 8192)
SECONDS = 1.0


def count_operations(job: Job) -> int:
    """Return the floating-point operations of one training step with its attack: matrix products
    and convolutions, forward and backward.

    Counted on a copy that is not compiled and uses torch's own products; an addition and a
    multiplication are two. Norms, activations and the optimiser are left out. It is the arithmetic
    of the definition: Winograd's algorithm does a 3 x 3 convolution with fewer multiplications, so
    a share of the limit can be above 1.
    """
    model = use_torch(copy.deepcopy(job.model))
    model._compiled_call_impl = None
    frozen = torch.optim.SGD([{"params": list(model.parameters()), "peak": 0.0}], lr=0.0)
    counted = replace(job, model=model, optimizer=frozen, folding=Folding())
    images, labels = next_batch(job, 0)
    # the trial run that finds what can be folded is not part of a step
    counted.folding.of(model, images)
    with _Counter() as counter:
        training_step(
            counted, 0, images, labels, build_adversary(counted, 0, job.spec.threat.epsilon)
        )
    return counter.operations


class _Counter(TorchDispatchMode):
    """Adds up torch's own formula of each operation; its FlopCounterMode also follows modules,
    which cannot be done inside an attack.
    """

    def __init__(self):
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function._overloadpacket is torch.ops.aten.convolution_backward:
            self.operations += _convolution_backward(*args)
        elif formula := flop_registry.get(function._overloadpacket):
            self.operations += formula(*args, **(kwargs or {}), out_val=result)
        return result


def _convolution_backward(gradient: Tensor, images: Tensor, weight: Tensor, *others: Any) -> int:
    """Return the operations of a convolution's backward pass: the gradients of images and weights
    cost what the forward pass cost.

    Torch's own formula forgets the groups of a convolution, and counts a depthwise one as many
    times as it has channels.
    """
    wanted = others[-1]
    return 2 * gradient.numel() * weight[0].numel() * (wanted[0] + wanted[1])


def matmul_rate(runtime: Runtime) -> float:
    """Return the most operations a second that a product of two square matrices reaches here, in
    the precision of `runtime`, with the quickest library.
    """
    kind = torch.bfloat16 if runtime.precision == "bfloat16" else torch.float32
    multipliers: list[Callable[[Tensor, Tensor], Tensor]] = (
        [torch.matmul, product]
        if runtime.device.type == "cpu" and prefers_onednn()
        else [torch.matmul]
    )
    return max(
        _rate(multiply, size, kind, runtime.device)
        for multiply in multipliers
        for size in (GPU_SIZES if runtime.device.type == "cuda" else SIZES)
    )


def _rate(
    multiply: Callable[[Tensor, Tensor], Tensor], size: int, kind: torch.dtype, device: torch.device
) -> float:
    left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    best, first_start = 0.0, time.perf_counter()
    while time.perf_counter() - first_start < SECONDS:
        started = time.perf_counter()
        multiply(left, right)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best
