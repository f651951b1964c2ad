"""Folding: while a model is attacked its weights rest, so its batch norms and its normalisation can
be part of its convolutions.

In eval mode a batch norm is y = g (x - m) / sqrt(v + e) + b with numbers that stay the same over an
attack's steps. Behind a convolution with weight W and bias c it is the convolution with weight W g
/ sqrt(v + e) and bias b + (c - m) g / sqrt(v + e). In front of a convolution the division by the
images' std is a factor on W, and without padding their mean is a part of the bias (with padding it
is not: the zeros are added behind the normalisation).

The model itself is never touched: a twin, which shares every other weight with it, is attacked in
its place. What may be folded is read off a trial run: the gradient's graph must say that nothing
but the norm uses what the convolution gives. The trial runs on a copy in double precision, with
batch norms drawn at random so that none hides a mistake, and the copy's twin must give the same
logits; otherwise nothing is folded.
"""

import operator
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

from rft_core.engine.hardware.products import PatchConvolution
from rft_core.engine.models.normalize import NormalizedModel

NORMS = (nn.BatchNorm2d, BatchNormAct2d)
CONVOLUTIONS = (nn.Conv2d, PatchConvolution)
PROBES, TOLERANCE = 2, 1e-6
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@dataclass(frozen=True)
class Fold:
    """What one convolution takes in, by the modules' names: the batch norm behind it, or the
    normalisation of the pixels before it, or both.
    """

    convolution: str
    norm: str | None = None
    normalizes: bool = False


class Twin:
    """A model's network for attacks: `refresh` computes the folded weights from the
    weights as they are now.
    """

    def __init__(self, model: nn.Module, folds: list[Fold]):
        shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
        copy: Any = deepcopy(model, shared).eval()
        # Any: folds are only found where the modules have the attributes used here
        self.model = cast(Any, model)
        self.folds = folds
        self.targets: list[nn.Conv2d] = []
        for fold in folds:
            self.targets.append(_resting(self.model.get_submodule(fold.convolution)))
            copy.set_submodule(fold.convolution, self.targets[-1])
            if fold.norm:
                copy.set_submodule(fold.norm, _behind(self.model.get_submodule(fold.norm)))
        first = next((target for fold, target in zip(folds, self.targets) if fold.normalizes), None)
        self.network: nn.Module = copy
        if first is not None:
            bare = _is_bare(first)
            self.network = copy.backbone if bare else _Centred(copy.backbone, copy.mean)

    @torch.no_grad()
    def refresh(self) -> nn.Module:
        """Return the network, giving the logits of the model in eval mode."""
        for fold, target in zip(self.folds, self.targets):
            convolution = self.model.get_submodule(fold.convolution)
            weight: Tensor = convolution.weight
            bias: Tensor | None = convolution.bias
            if fold.norm:
                weight, bias = _with_norm(weight, bias, self.model.get_submodule(fold.norm))
            if fold.normalizes:
                weight = weight / self.model.std
            target.weight.copy_(weight)
            if fold.normalizes and _is_bare(target):
                shift = (weight * self.model.mean).sum((1, 2, 3))
                bias = -shift if bias is None else bias - shift
            own_bias = cast(Tensor, target.bias)
            own_bias.copy_(torch.zeros_like(own_bias) if bias is None else bias)
        return self.network


@dataclass
class Folding:
    """Keeps the twin of the model it was last asked for, and what that model was made of."""

    model: nn.Module | None = None
    twin: Twin | None = None
    parts: list[object] = field(default_factory=list)

    def of(self, model: nn.Module, images: Tensor) -> nn.Module:
        """Return the network to attack in place of `model` (in eval mode): its twin with the
        weights of now, or `model` where nothing is to be folded.

        `images` (N, C, H, W) say what size the model is for.
        """
        if self.model is not model:
            self.model, self.twin, self.parts = model, _twin(model, images), list(_parts(model))
        if self.twin is None:
            return model
        parts = list(_parts(model))
        # a module or tensor was exchanged: the twin would not know
        if len(parts) != len(self.parts) or not all(map(operator.is_, parts, self.parts)):
            self.model = None
            return self.of(model, images)
        return model if _is_watched(model) else self.twin.refresh()


class _Centred(nn.Module):
    """The part of a normalisation that stays in front of a padded convolution."""

    def __init__(self, backbone: nn.Module, mean: Tensor):
        super().__init__()
        self.backbone, self.mean = backbone, mean

    def forward(self, images: Tensor) -> Tensor:
        return self.backbone(images - self.mean)


def _twin(model: nn.Module, images: Tensor) -> Twin | None:
    # measured on a CPU in float32; elsewhere compilers fold, and fewer bits make
    # folding more than rounding
    if any(
        tensor.device.type != "cpu" or tensor.dtype is not torch.float32
        for tensor in model.parameters()
    ):
        return None
    try:
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", enabled=False):
            folds = find_folds(model, images.shape[1:])
            return Twin(model, folds) if folds else None
    # whatever a network does that the trial run cannot follow, it is attacked as it is
    except Exception:
        return None


def find_folds(model: nn.Module, shape: torch.Size) -> list[Fold]:
    """Return what can be folded in `model` for images of `shape` (C, H, W), tried on a copy; raises
    whatever the network raises there.
    """
    probe, generator = _stirred(model), torch.Generator().manual_seed(0)
    # whoever follows a layer wants to see it run, and a layer with its own way to change mode may
    # keep what it computed in it
    if _is_watched(probe) or any(
        type(module).train is not nn.Module.train for module in probe.modules()
    ):
        return []
    images = torch.rand((PROBES, *shape), generator=generator, dtype=torch.double).requires_grad_(
        True
    )
    trial = _Trial(probe, images)
    folds = trial.folds()
    if not folds:
        return []
    difference = (Twin(probe, folds).refresh()(images) - trial.logits).abs().max()
    return folds if difference <= TOLERANCE * trial.logits.abs().max() else []


def _stirred(model: nn.Module) -> nn.Module:
    """Return a copy in double precision and eval mode whose batch norms are drawn at random."""
    generator = torch.Generator().manual_seed(0)
    probe = deepcopy(model).double().eval()
    for module in probe.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            statistics = (module.running_mean, cast(Tensor, module.running_var))
            for tensor in (*statistics, *module.parameters(recurse=False)):
                tensor.data.copy_(
                    torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) + 0.5
                )
    return probe


class _Trial:
    """One run of `probe`: for each layer that may take part the operations of the gradient's graph
    before and behind it.
    """

    def __init__(self, probe: nn.Module, images: Tensor):
        self.came: dict[str, Any] = {}
        self.went: dict[str, Any] = {}
        self.calls: Counter[str] = Counter()
        self.convolutions = {
            name: module for name, module in probe.named_modules() if type(module) in CONVOLUTIONS
        }
        self.norms = {
            name: module
            for name, module in probe.named_modules()
            if type(module) in NORMS and module.running_mean is not None
        }
        entrance = {"backbone": probe.backbone} if isinstance(probe, NormalizedModel) else {}
        hooks = [
            module.register_forward_hook(partial(self._note, name))
            for name, module in (entrance | self.convolutions | self.norms).items()
        ]
        logits = probe(images)
        for hook in hooks:
            hook.remove()
        self.uses, self.logits = _uses(logits), logits.detach()
        self.pixels = self.came.get("backbone")

    def _note(
        self, name: str, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor
    ) -> None:
        self.calls[name] += 1
        self.came[name], self.went[name] = inputs[0].grad_fn, output.grad_fn

    def folds(self) -> list[Fold]:
        """Return each convolution that runs once and that a norm alone follows, or that alone takes
        the normalised pixels.
        """
        behind = {self.came[name]: name for name in self.norms if self.calls[name] == 1}
        rows = []
        for name, convolution in self.convolutions.items():
            if self.calls[name] == 1:
                norm = behind.get(self.went[name]) if self.uses[self.went[name]] == 1 else None
                alone = (
                    self.pixels is not None
                    and self.came[name] is self.pixels
                    and self.uses[self.pixels] == 1
                )
                rows.append(Fold(name, norm, alone and convolution.groups == 1))
        return [row for row in rows if row.norm or row.normalizes]


def _uses(logits: Tensor) -> Counter[Any]:
    """Return how many operations of the graph behind `logits` use what each of
    its operations gives.
    """
    uses: Counter[Any] = Counter()
    waiting: list[Any] = [logits.grad_fn]
    while waiting:
        for node, _ in waiting.pop().next_functions:
            uses[node] += 1
            if node is not None and uses[node] == 1:
                waiting.append(node)
    return uses


def _resting(convolution: nn.Conv2d) -> nn.Conv2d:
    """Return a convolution of the same kind with a bias, whose weights ask for no gradient and lie
    in memory as those of `convolution`.
    """
    copy = nn.Conv2d.__new__(type(convolution))
    nn.Module.__init__(copy)
    copy.__dict__.update(
        {name: value for name, value in convolution.__dict__.items() if name not in copy.__dict__}
    )
    copy.weight = nn.Parameter(torch.empty_like(convolution.weight), requires_grad=False)
    copy.bias = nn.Parameter(
        convolution.weight.new_empty(convolution.out_channels), requires_grad=False
    )
    return copy.eval()


def _behind(norm: nn.BatchNorm2d) -> nn.Module:
    """Return what a batch norm does besides normalising."""
    return (
        nn.Sequential(deepcopy(norm.drop), deepcopy(norm.act)).eval()
        if isinstance(norm, BatchNormAct2d)
        else nn.Identity()
    )


def _with_norm(weight: Tensor, bias: Tensor | None, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    factor = (variance + norm.eps).rsqrt()
    if norm.weight is not None:
        factor = factor * norm.weight
    moved = (-mean if bias is None else bias - mean) * factor
    return weight * factor.view(-1, 1, 1, 1), moved if norm.bias is None else moved + norm.bias


def _is_bare(convolution: nn.Conv2d) -> bool:
    """Whether no zeros are put around what it is given, so that a shift of all pixels is a
    shift of its outputs.
    """
    return convolution.padding == (0, 0)


def _is_watched(model: nn.Module) -> bool:
    return any(getattr(module, name) for module in model.modules() for name in HOOKS)


def _parts(model: nn.Module) -> Iterator[object]:
    for module in model.modules():
        yield module
        yield from module._parameters.values()
        yield from module._buffers.values()
