"""Products: the matrix products of linear layers and of patches, by whichever library is
quick on this processor.

On a CPU torch multiplies matrices in float32 with MKL, which uses AVX-512 on Intel's processors
alone. On AMD's that have it, oneDNN (which torch uses for convolutions everywhere) is about twice
as fast at the sizes of our layers: docs/log/2026-11-21-speed.md. A convolution that cuts its input
into patches (its stride is its kernel) is a linear layer of each patch, and oneDNN's own gradient
of its input takes up to four times as long as that product. The choice follows from the processor
and not from a stopwatch, so that a run gives the same numbers again.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# below it a product takes less time than finding the kernel
SMALLEST_WEIGHT = 2048
Network = TypeVar("Network", bound=nn.Module)
_RESTING: ContextVar[bool] = ContextVar("weights at rest", default=False)


def prefers_onednn() -> bool:
    """Return whether oneDNN is the quicker library for products of float32
    matrices on this machine.
    """
    has_both = (
        torch.backends.mkldnn.is_available()
        and torch.backends.mkl.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )
    return (
        has_both
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and "AuthenticAMD" in _processor()
    )


def choose_products(model: Network, device: torch.device) -> Network:
    """Have the linear layers of `model` multiply with the quicker library on `device`, in place."""
    return use_onednn(model) if device.type == "cpu" and prefers_onednn() else use_torch(model)


def use_onednn(model: Network) -> Network:
    """Have the linear layers and patches of `model` multiply with oneDNN, in place; weights and
    their names stay as they are.
    """
    for module in model.modules():
        if type(module) is nn.Linear and module.weight.numel() >= SMALLEST_WEIGHT:
            module.__class__ = _OnednnLinear
        elif type(module) is nn.Conv2d and _cuts_patches(module):
            module.__class__ = PatchConvolution
    return model


def use_torch(model: Network) -> Network:
    """Have them multiply as torch does, in place."""
    for module in model.modules():
        if type(module) in (_OnednnLinear, PatchConvolution):
            module.__class__ = nn.Linear if type(module) is _OnednnLinear else nn.Conv2d
    return model


@contextmanager
def weights_at_rest() -> Iterator[None]:
    """Inside the block forward and backward passes compute no gradient of the weights of oneDNN's
    layers: an attack has no use for it.

    Torch's own layers see for themselves what is asked for; a function written in Python is
    only told what could be.
    """
    token = _RESTING.set(True)
    try:
        yield
    finally:
        _RESTING.reset(token)


class _OnednnLinear(nn.Linear):
    """A linear layer whose products in float32 on a CPU are oneDNN's."""

    def forward(self, inputs: Tensor) -> Tensor:
        return (
            _Linear.apply(inputs, *_weights(self))
            if _is_plain(inputs, self.weight)
            else super().forward(inputs)
        )


class PatchConvolution(nn.Conv2d):
    """A convolution without padding whose stride is its kernel, whose input's gradient in float32
    on a CPU is oneDNN's product.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        fits = inputs.ndim == 4 and all(
            size % side == 0 for size, side in zip(inputs.shape[-2:], self.kernel_size)
        )
        return (
            _Patches.apply(inputs, *_weights(self))
            if fits and _is_plain(inputs, self.weight)
            else super().forward(inputs)
        )


class _Linear(torch.autograd.Function):
    """y = x W^T + b for x (..., K), W (N, K), b (N,) or None; differentiable once."""

    @staticmethod
    def forward(context, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(inputs, weight)
        return product(inputs, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(context, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        inputs, weight = context.saved_tensors
        for_inputs, for_weight, for_bias = context.needs_input_grad
        # a sum behind the layer gives a gradient that is one number seen many times
        gradient = gradient.contiguous()
        rows = gradient.flatten(0, -2) if gradient.ndim > 1 else gradient[None]
        return (
            product(gradient, weight.t()) if for_inputs else None,
            _outer(rows, inputs.reshape(-1, inputs.shape[-1])) if for_weight else None,
            rows.sum(0) if for_bias else None,
        )


class _Patches(torch.autograd.Function):
    """The convolution of images (N, C, H, W) with weight (O, C, h, w) at the stride (h, w), bias
    (O,) or None; differentiable once.
    """

    @staticmethod
    def forward(context, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(images, weight)
        return F.conv2d(images, weight, bias, stride=weight.shape[-2:])

    @staticmethod
    @once_differentiable
    def backward(context, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        images, weight = context.saved_tensors
        for_images, *for_weights = context.needs_input_grad
        ours = _of_patches(gradient, images, weight) if for_images else None
        if not any(for_weights):
            return ours, None, None
        none, options = [0, 0], [False, *for_weights]
        sides = list(weight.shape[-2:])
        _, *theirs = torch.ops.aten.convolution_backward(
            gradient, images, weight, [len(weight)], sides, none, [1, 1], False, none, 1, options
        )
        return ours, *theirs


def _of_patches(gradient: Tensor, images: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient of `images` (N, C, H, W): that of a patch is its output's times the
    weight, and lies where the patch lay.
    """
    outputs, channels, height, width = weight.shape
    rows, columns = gradient.shape[-2:]
    patches = product(
        gradient.permute(0, 2, 3, 1).contiguous(), weight.permute(2, 3, 1, 0).reshape(-1, outputs)
    )
    patches = patches.view(len(images), rows, columns, height, width, channels)
    if images.is_contiguous():
        return patches.permute(0, 5, 1, 3, 2, 4).reshape(images.shape)
    return (
        patches.transpose(2, 3)
        .reshape(len(images), rows * height, columns * width, channels)
        .permute(0, 3, 1, 2)
    )


def _cuts_patches(layer: nn.Conv2d) -> bool:
    is_simple = (
        layer.padding in ((0, 0), "valid") and layer.dilation == (1, 1) and layer.groups == 1
    )
    return is_simple and layer.stride == layer.kernel_size != (1, 1)


def _is_plain(inputs: Tensor, weight: Tensor) -> bool:
    is_float = inputs.dtype is weight.dtype is torch.float32 and inputs.device.type == "cpu"
    return is_float and inputs.numel() > 0 and not torch.is_autocast_enabled("cpu")


def _weights(layer: nn.Linear | nn.Conv2d) -> tuple[Tensor, Tensor | None]:
    if not _RESTING.get():
        return layer.weight, layer.bias
    return layer.weight.detach(), None if layer.bias is None else layer.bias.detach()


def product(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return left (..., K) times the transpose of right (N, K), plus bias (N,)."""
    return torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")


def _outer(gradient: Tensor, inputs: Tensor) -> Tensor:
    """Return gradient (M, N) transposed, times inputs (M, K)."""
    # measured: quicker the way round that leaves the longer side to the right
    if gradient.shape[1] < inputs.shape[1]:
        return product(gradient.t(), inputs.t())
    return product(inputs.t(), gradient.t()).t()


def _processor() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
