"""Products: the matrix products of linear layers, by whichever library is quick on this processor.

On a CPU torch multiplies matrices in float32 with MKL, which uses AVX-512 on Intel's processors alone. On AMD's that have it,
oneDNN (which torch uses for convolutions everywhere) is about twice as fast at the sizes of our layers: docs/measurements.md. The
choice follows from the processor and not from a stopwatch, so that a run gives the same numbers again.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# below it a product takes less time than finding the kernel
SMALLEST_WEIGHT = 2048
_RESTING: ContextVar[bool] = ContextVar("weights at rest", default=False)


def prefers_onednn() -> bool:
    """Return whether oneDNN is the quicker library for products of float32 matrices on this machine."""
    has_both = torch.backends.mkldnn.is_available() and torch.backends.mkl.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return has_both and torch.backends.cpu.get_cpu_capability() == "AVX512" and "AuthenticAMD" in _processor()


def choose_products(model: nn.Module, device: torch.device) -> nn.Module:
    """Have the linear layers of `model` multiply with the quicker library on `device`, in place."""
    return use_onednn(model) if device.type == "cpu" and prefers_onednn() else use_torch(model)


def use_onednn(model: nn.Module) -> nn.Module:
    """Have the linear layers of `model` multiply with oneDNN, in place; weights and their names stay as they are."""
    for module in model.modules():
        if type(module) is nn.Linear and module.weight.numel() >= SMALLEST_WEIGHT:
            module.__class__ = _OnednnLinear
    return model


def use_torch(model: nn.Module) -> nn.Module:
    """Have them multiply as torch does, in place."""
    for module in model.modules():
        if type(module) is _OnednnLinear:
            module.__class__ = nn.Linear
    return model


@contextmanager
def weights_at_rest() -> Iterator[None]:
    """Inside the block forward and backward passes compute no gradient of the weights of oneDNN's layers: an attack has no use for it.

    Torch's own layers see for themselves what is asked for; a function written in Python is only told what could be.
    """
    token = _RESTING.set(True)
    try:
        yield
    finally:
        _RESTING.reset(token)


class _OnednnLinear(nn.Linear):
    """A linear layer whose products in float32 on a CPU are oneDNN's."""

    def forward(self, inputs: Tensor) -> Tensor:
        weight, bias = self.weight, self.bias
        is_ours = inputs.device.type == "cpu" and inputs.dtype is weight.dtype is torch.float32 and inputs.numel() and not torch.is_autocast_enabled("cpu")
        if not is_ours:
            return super().forward(inputs)
        if _RESTING.get():
            weight, bias = weight.detach(), None if bias is None else bias.detach()
        return _Linear.apply(inputs, weight, bias)


class _Linear(torch.autograd.Function):
    """y = x W^T + b for x (..., K), W (N, K), b (N,) or None; differentiable once."""

    @staticmethod
    def forward(context, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(inputs, weight)
        return _product(inputs, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(context, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        inputs, weight = context.saved_tensors
        for_inputs, for_weight, for_bias = context.needs_input_grad
        # a sum behind the layer gives a gradient that is one number seen many times
        gradient = gradient.contiguous()
        rows = gradient.flatten(0, -2) if gradient.ndim > 1 else gradient[None]
        return (
            _product(gradient, weight.t()) if for_inputs else None,
            _outer(rows, inputs.reshape(-1, inputs.shape[-1])) if for_weight else None,
            rows.sum(0) if for_bias else None,
        )


def _product(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return left (..., K) times the transpose of right (N, K), plus bias (N,)."""
    return torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")


def _outer(gradient: Tensor, inputs: Tensor) -> Tensor:
    """Return gradient (M, N) transposed, times inputs (M, K)."""
    # measured: quicker the way round that leaves the longer side to the right
    if gradient.shape[1] < inputs.shape[1]:
        return _product(gradient.t(), inputs.t())
    return _product(inputs.t(), gradient.t()).t()


def _processor() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
