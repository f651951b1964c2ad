"""AutoAttack, Square, FAB and CW from torchattacks, without its side effects.

torchattacks leaves a model in training mode, leaves gradients in the weights (CW), seeds torch
globally (APGD, Square, FAB), takes views of its input (so it must be contiguous), and its own
AutoAttack runs APGD and FAB for 10 steps where the paper's standard version runs 100. The functions
here undo or avoid all of that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType

import torch
import torchattacks
from torch import Tensor, nn
from torchattacks.attack import Attack

from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.models.modes import eval_mode
from rft_core.errors import SettingError

NAMES = MappingProxyType({"linf": "Linf", "l2": "L2"})
STANDARD_STEPS, SQUARE_QUERIES, TARGETS = 100, 5000, 9
# APGD-T scales by the fourth logit, FAB-T needs a class to aim at
TARGETED_CLASSES = 4
SEED = 0


def autoattack(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    steps: int = STANDARD_STEPS,
    **_: object,
) -> Tensor:
    """Return adversarial images by AutoAttack's standard version: APGD-CE, APGD-T,
    FAB-T and Square in turn.

    Each runs on the images that the attacks before it did not fool. It always takes its standard
    100 steps: `steps` is not used. With fewer than four classes the targeted APGD is not defined
    and is left out.
    """
    classes = _count_classes(model, images)
    targets = min(TARGETS, classes - 1)

    def build(isolated: nn.Module) -> list[Attack]:
        options = {"norm": NAMES[norm], "eps": epsilon, "seed": SEED}
        attacks = [torchattacks.APGD(isolated, steps=STANDARD_STEPS, loss="ce", **options)]
        if classes >= TARGETED_CLASSES:
            # the library aims at n_classes - 1 targets; the standard version at nine
            attacks.append(
                torchattacks.APGDT(isolated, steps=STANDARD_STEPS, n_classes=targets + 1, **options)
            )
        attacks.append(
            torchattacks.FAB(
                isolated,
                steps=STANDARD_STEPS,
                multi_targeted=True,
                n_classes=targets + 1,
                **options,
            )
        )
        attacks.append(torchattacks.Square(isolated, n_queries=SQUARE_QUERIES, **options))
        return attacks

    return _in_turn(model, images, labels, norm, epsilon, build)


def square(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    steps: int = SQUARE_QUERIES,
    **_: object,
) -> Tensor:
    """Return adversarial images by Square (no gradients), `steps` being queries, at least 100."""
    return _in_turn(
        model,
        images,
        labels,
        norm,
        epsilon,
        lambda isolated: [
            torchattacks.Square(
                isolated, norm=NAMES[norm], eps=epsilon, n_queries=max(100, steps), seed=SEED
            )
        ],
    )


def fab(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    steps: int,
    **_: object,
) -> Tensor:
    """Return adversarial images by FAB; a change outside the ball does not count."""
    classes = _count_classes(model, images)
    return _in_turn(
        model,
        images,
        labels,
        norm,
        epsilon,
        lambda isolated: [
            torchattacks.FAB(
                isolated, norm=NAMES[norm], eps=epsilon, steps=steps, n_classes=classes, seed=SEED
            )
        ],
    )


def cw(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    epsilon: float,
    steps: int,
    **_: object,
) -> Tensor:
    """Return adversarial images by Carlini and Wagner's l2 attack; a change outside the ball does
    not count.
    """
    if norm != "l2":
        raise SettingError(
            "threat.norm",
            norm,
            "does not fit the attack 'cw', which is made for l2; choose pgd, apgd or autoattack",
        )
    return _in_turn(
        model,
        images,
        labels,
        norm,
        epsilon,
        lambda isolated: [torchattacks.CW(isolated, steps=steps)],
    )


def _in_turn(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    norm: str,
    epsilon: float,
    build: Callable[[nn.Module], list[Attack]],
) -> Tensor:
    """Run attacks in turn on the images that none has fooled yet; return the images that fooled the
    model, and the others unchanged.
    """
    result = images.clone()
    with _isolated(model):
        standing = torch.nonzero(_predict(model, images) == labels).flatten()
        for attack in build(model):
            if not len(standing):
                break
            clean, wanted = images[standing].contiguous(), labels[standing]
            with torch.enable_grad():
                found = attack(clean, wanted).detach()
            # trust neither the library's projection nor its report that the model was fooled
            found = torch.clamp(clean + NORMS[norm].project(found - clean, epsilon), 0, 1)
            fooled = _predict(model, found) != wanted
            result[standing[fooled]] = found[fooled]
            standing = standing[~fooled]
    return result


@contextmanager
def _isolated(model: nn.Module) -> Iterator[None]:
    """Keep every module's mode, the weights' gradients and torch's global stream as they were."""
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    device = next(model.parameters()).device
    with eval_mode(model), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            for parameter, _ in wanted:
                parameter.requires_grad_(False)
            yield
        finally:
            for parameter, flag in wanted:
                parameter.requires_grad_(flag)


@torch.no_grad()
def _predict(model: nn.Module, images: Tensor) -> Tensor:
    return model(images).argmax(1)


@torch.no_grad()
def _count_classes(model: nn.Module, images: Tensor) -> int:
    with eval_mode(model):
        return model(images[:1]).shape[1]
