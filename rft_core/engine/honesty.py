"""Honesty checks: is a measured robustness real, or does the model only hide its gradient?

After Carlini et al. 2019 (On Evaluating Adversarial Robustness) and AutoAttack's flags. Every check gives green, amber or
red with its reason; a red one means that the robust accuracy of this model must not be believed as it stands.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from rft_core.engine.attacks import library
from rft_core.engine.attacks.pgd import fgsm, pgd
from rft_core.engine.attacks.walk import input_gradient
from rft_core.engine.data.dataset import Split
from rft_core.engine.evaluate import as_pixels
from rft_core.engine.modes import eval_mode
from rft_core.units import format_epsilon, format_percent

STEPS, MORE_STEPS, QUERIES = 10, 40, 300
HUGE = {"linf": 64 / 255, "l2": 10.0}.get
VANISHED = 1e-12
BATCH = 128
LEVELS = ("green", "amber", "red")


@dataclass(frozen=True)
class Finding:
    """One check: its name, "green", "amber" or "red", why, and the accuracies it rests on."""

    name: str
    level: str
    reason: str
    values: dict[str, float]


@dataclass(frozen=True)
class Honesty:
    """All findings on `n` images at `epsilon`; `level` is that of the worst."""

    findings: tuple[Finding, ...]
    n: int
    epsilon: float
    norm: str

    @property
    def level(self) -> str:
        """The worst level of all findings."""
        return max((finding.level for finding in self.findings), key=LEVELS.index)

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as plain data."""
        return {"level": self.level, "n": self.n, "epsilon": self.epsilon, "norm": self.norm, "findings": [asdict(one) for one in self.findings]}


def check_honesty(model: nn.Module, split: Split, *, norm: str, epsilon: float, batch: int = BATCH) -> Honesty:
    """Return the findings on `model` over `split` (100 to 200 images are enough) at `epsilon` > 0, `batch` images at a time.

    Costs about 80 gradient evaluations and 300 predictions an image. Training flags are given back.
    """
    images, labels = as_pixels(split.fetch()), split.labels
    probe = _Probe(model, images, labels, norm, epsilon, batch)
    with eval_mode(model):
        return Honesty(tuple(_findings(probe)), len(labels), epsilon, norm)


@dataclass(frozen=True)
class _Probe:
    model: nn.Module
    images: Tensor
    labels: Tensor
    norm: str
    epsilon: float
    batch: int

    def under(self, attack, epsilon: float, steps: int) -> float:
        """Return accuracy under one attack, batch by batch."""
        right = 0
        for images, labels in zip(self.images.split(self.batch), self.labels.split(self.batch)):
            attacked = attack(self.model, images, labels, norm=self.norm, epsilon=epsilon, steps=steps) if epsilon > 0 else images
            with torch.no_grad():
                right += (self.model(attacked).argmax(1) == labels).sum().item()
        return right / len(self.labels)

    def noise(self, accuracy: float) -> float:
        """Return two standard errors of an accuracy on these images, at least one image."""
        return max(1 / len(self.labels), 2 * sqrt(accuracy * (1 - accuracy) / len(self.labels)))


def _findings(probe: _Probe) -> Iterator[Finding]:
    epsilon = probe.epsilon
    clean, half, full = probe.under(pgd, 0, 0), probe.under(pgd, epsilon / 2, STEPS), probe.under(pgd, epsilon, STEPS)
    yield _falls(probe, clean, half, full)
    yield _reaches_zero(probe, clean, probe.under(pgd, HUGE(probe.norm), MORE_STEPS))
    yield _more_steps(probe, full, probe.under(pgd, epsilon, MORE_STEPS))
    yield _without_gradient(probe, full, probe.under(library.square, epsilon, QUERIES))
    yield _one_step(probe, full, probe.under(fgsm, epsilon, 1))
    yield _gradients(probe)
    yield _repeats(probe)


def _falls(probe: _Probe, clean: float, half: float, full: float) -> Finding:
    values = {"clean": clean, "half": half, "full": full}
    rises = max(half - clean, full - half)
    level = "green" if rises <= 0 else "amber" if rises <= probe.noise(half) else "red"
    at = format_epsilon(probe.epsilon, probe.norm)
    return Finding(
        "accuracy falls with epsilon", level, f"{format_percent(clean)} clean, {format_percent(half)} at half of {at}, {format_percent(full)} at {at}", values
    )


def _reaches_zero(probe: _Probe, clean: float, huge: float) -> Finding:
    at = format_epsilon(HUGE(probe.norm), probe.norm)
    share = huge / clean if clean else 0.0
    level = "green" if share <= 0.02 else "amber" if share <= 0.1 else "red"
    why = (
        "nothing survives, as it must"
        if level == "green"
        else "so large an attack must break every model; the attack is held up, or the model hardly looks at its input"
    )
    return Finding("accuracy reaches 0 at a huge epsilon", level, f"{format_percent(huge)} at {at}: {why}", {"huge": huge})


def _more_steps(probe: _Probe, few: float, many: float) -> Finding:
    gain = few - many
    level = "red" if -gain > probe.noise(few) else "green" if gain <= max(0.03, probe.noise(few)) else "amber"
    why = {
        "green": "the attack has converged",
        "amber": "the attack has not converged; raise evaluation.steps",
        "red": "more steps are weaker, so the gradient misleads",
    }[level]
    return Finding(
        "more steps do not help the model",
        level,
        f"{format_percent(few)} after {STEPS} steps, {format_percent(many)} after {MORE_STEPS}: {why}",
        {"few": few, "many": many},
    )


def _without_gradient(probe: _Probe, white: float, black: float) -> Finding:
    level = "green" if black >= white else "amber" if white - black <= probe.noise(white) else "red"
    why = {
        "green": "no stronger than with gradients",
        "amber": "stronger without gradients, by no more than chance can do on so few images",
        "red": "an attack without gradients is stronger: the gradient is masked",
    }[level]
    return Finding(
        "no attack without gradients is stronger",
        level,
        f"{format_percent(black)} under Square, {format_percent(white)} under PGD: {why}",
        {"square": black, "pgd": white},
    )


def _one_step(probe: _Probe, many: float, one: float) -> Finding:
    gap = one - many
    level = "red" if one > 0.2 and many < one / 4 else "green"
    why = "robust to one step and not to ten: catastrophic overfitting" if level == "red" else "no sign of overfitting to one step"
    return Finding(
        "robustness is not to one step alone",
        level,
        f"{format_percent(one)} under FGSM, {format_percent(many)} under PGD: {why}",
        {"fgsm": one, "pgd": many, "gap": gap},
    )


def _gradients(probe: _Probe) -> Finding:
    vanished = 0
    for images, labels in zip(probe.images.split(probe.batch), probe.labels.split(probe.batch)):
        gradient = input_gradient(probe.model, images, labels).gradient
        vanished += (gradient.abs().amax(dim=(1, 2, 3)) <= VANISHED).sum().item()
    share = vanished / len(probe.labels)
    level = "green" if share <= 0.01 else "amber" if share <= 0.1 else "red"
    return Finding("gradients do not vanish", level, f"{format_percent(share)} of the images have no gradient to follow", {"vanished": share})


@torch.no_grad()
def _repeats(probe: _Probe) -> Finding:
    first, second = probe.model(probe.images[: probe.batch]), probe.model(probe.images[: probe.batch])
    largest = (first - second).abs().max().item()
    level = "green" if largest == 0 else "amber" if largest < 1e-4 else "red"
    why = "two passes agree" if level != "red" else "two passes differ: the model is random, and one attack is not enough"
    return Finding("two passes agree", level, f"logits differ by at most {largest:.1e}: {why}", {"difference": largest})
