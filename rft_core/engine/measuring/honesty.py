"""Honesty checks: is a measured robustness real, or does the model only hide its gradient?

After Carlini et al. 2019 (On Evaluating Adversarial Robustness) and AutoAttack's flags. Every
check gives green, amber or red with its reason; a red one means that the robust accuracy of
this model must not be believed as it stands. The checks look at every epsilon of the grid,
since a gradient can be masked at small epsilons and not at large ones, and at losses other than
the one that was reported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from rft_core.engine.attacks.apgd import apgd_walk
from rft_core.engine.attacks.losses import margin
from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.attacks.stepwise import Walk, input_gradient
from rft_core.engine.data.dataset import Split
from rft_core.engine.measuring.evaluate import as_pixels, evaluate
from rft_core.engine.models.modes import eval_mode
from rft_core.spec import catalog
from rft_core.units import format_epsilon, format_percent

STEPS, MORE_STEPS, QUERIES = 10, 40, 300
HUGE = {"linf": 64 / 255, "l2": 10.0}.get
VANISHED = 1e-12
BATCH = 128
LEVELS = ("green", "amber", "red")
# a drop of accuracy under another loss that no conclusion hangs on: one point, as the
# default attack is held to
SMALL_DROP = 0.01


@dataclass(frozen=True)
class Finding:
    """One check: its name, "green", "amber" or "red", why, and the accuracies it rests on."""

    name: str
    level: str
    reason: str
    values: dict[str, float]


@dataclass(frozen=True)
class Honesty:
    """All findings on `n` images at `epsilons`, the largest being `epsilon`; `level`
    is that of the worst.
    """

    findings: tuple[Finding, ...]
    n: int
    epsilons: tuple[float, ...]
    norm: str
    attack: str
    steps: int

    @property
    def level(self) -> str:
        """The worst level of all findings."""
        return max((finding.level for finding in self.findings), key=LEVELS.index)

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as plain data."""
        return {
            "level": self.level,
            "n": self.n,
            "epsilon": self.epsilons[-1],
            "epsilons": list(self.epsilons),
            "norm": self.norm,
            "attack": self.attack,
            "steps": self.steps,
            "findings": [asdict(finding) for finding in self.findings],
        }


def check_honesty(
    model: nn.Module,
    split: Split,
    *,
    norm: str,
    epsilons: Sequence[float],
    attack: str = "pgd",
    steps: int = STEPS,
    batch: int = BATCH,
) -> Honesty:
    """Return the findings on `model` over `split` (100 to 200 images are enough) at each of
    `epsilons`, `batch` images at a time.

    `attack` and `steps` are those of the robust accuracy that is checked. Epsilon 0 is left out;
    one above it is needed. Costs about 10 gradient evaluations an image and epsilon, 200 more, and
    450 predictions. Training flags are given back.
    """
    grid = tuple(sorted(epsilon for epsilon in epsilons if epsilon > 0))
    probe = _Probe(model, split, norm, grid, attack, steps, batch)
    with eval_mode(model):
        return Honesty(tuple(_findings(probe)), len(split), grid, norm, attack, steps)


@dataclass(frozen=True)
class _Probe:
    model: nn.Module
    split: Split
    norm: str
    epsilons: tuple[float, ...]
    attack: str
    steps: int
    batch: int
    measured: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield pixels and labels, `batch` images at a time."""
        for start in range(0, len(self.split), self.batch):
            part = slice(start, start + self.batch)
            yield as_pixels(self.split.fetch(part)), self.split.labels[part]

    def under_pgd(self, epsilon: float, steps: int) -> float:
        """Return accuracy under one PGD of its own."""
        right = 0
        for images, labels in self.batches():
            attacked = images
            if epsilon > 0:
                attacked = pgd(
                    self.model, images, labels, norm=self.norm, epsilon=epsilon, steps=steps
                )
            with torch.no_grad():
                right += (self.model(attacked).argmax(1) == labels).sum().item()
        return right / len(self.split)

    def curve(self, attack: str, steps: int, walk: Walk | None = None) -> tuple[float, ...]:
        """Return accuracy at each of `epsilons` under an attack, by the search of every evaluation;
        each is measured once.
        """
        name = f"{attack} {steps} {walk is not None}"
        if name not in self.measured:
            found = evaluate(
                self.model,
                self.split,
                norm=self.norm,
                epsilons=(0.0, *self.epsilons),
                steps=steps,
                attack=attack,
                walk=walk,
                batch_size=self.batch,
            )
            self.measured[name] = found.curve.accuracies[1:]
        return self.measured[name]

    def noise(self, accuracy: float) -> float:
        """Return two standard errors of an accuracy on these images, at least one image."""
        n = len(self.split)
        return max(1 / n, 2 * sqrt(accuracy * (1 - accuracy) / n))

    def at(self, index: int) -> str:
        """Return the epsilon of the grid point as it is said."""
        return format_epsilon(self.epsilons[index], self.norm)

    def widest(self, upper: Sequence[float], lower: Sequence[float]) -> int:
        """Return the grid point where `upper` lies highest above `lower`."""
        gaps = [high - low for high, low in zip(upper, lower)]
        return gaps.index(max(gaps))


def _findings(probe: _Probe) -> Iterator[Finding]:
    yield _falls(probe)
    yield _reaches_zero(probe)
    yield _other_losses(probe)
    yield _more_steps(probe)
    yield _without_gradient(probe)
    yield _one_step(probe)
    yield _gradients(probe)
    yield _repeats(probe)


def _falls(probe: _Probe) -> Finding:
    grid = (0.0, *probe.epsilons)
    accuracies = [probe.under_pgd(epsilon, STEPS) for epsilon in grid]
    rises = [later - earlier for earlier, later in zip(accuracies, accuracies[1:])]
    worst = rises.index(max(rises))
    level = (
        "green"
        if rises[worst] <= 0
        else "amber"
        if rises[worst] <= probe.noise(accuracies[worst])
        else "red"
    )
    reason = (
        f"{format_percent(accuracies[0])} clean, {format_percent(accuracies[-1])} at {probe.at(-1)}"
    )
    if level != "green":
        before = format_epsilon(grid[worst], probe.norm)
        reason = (
            f"{reason}; from {before} to {probe.at(worst)} it rises from"
            f" {format_percent(accuracies[worst])} to {format_percent(accuracies[worst + 1])}"
        )
    values = {"clean": accuracies[0], "full": accuracies[-1], "rise": rises[worst]}
    return Finding("accuracy falls with epsilon", level, reason, values)


def _other_losses(probe: _Probe) -> Finding:
    """The reported attack beside APGD on the margin and beside APGD-CE + T: the number stands or
    falls with its loss.
    """
    reported = probe.curve(probe.attack, probe.steps)
    rivals = {
        "APGD on the margin": probe.curve("apgd", STEPS, apgd_walk(STEPS, loss=margin)),
        "APGD-CE + T": probe.curve("apgd_ce_t", STEPS),
    }
    name, place, drop = "", 0, -1.0
    for rival, accuracies in rivals.items():
        index = probe.widest(reported, accuracies)
        if reported[index] - accuracies[index] > drop:
            name, place, drop = rival, index, reported[index] - accuracies[index]
    high, low = reported[place], rivals[name][place]
    level = "green" if drop <= SMALL_DROP else "amber" if drop <= probe.noise(low) / 2 else "red"
    why = {
        "green": "no other loss finds more than a point",
        "amber": "another loss finds a little more; report the stronger attack",
        "red": (
            "the robust accuracy is that of a weak attack; evaluate with apgd_ce_t or autoattack"
        ),
    }[level]
    label = catalog.find("attacks", probe.attack).label
    reason = (
        f"at {probe.at(place)}: {format_percent(high)} under {label}, {format_percent(low)} under"
        f" {name}: {why}"
    )
    return Finding("no other loss is stronger", level, reason, {"reported": high, "other": low})


def _reaches_zero(probe: _Probe) -> Finding:
    clean, huge = probe.under_pgd(0, 0), probe.under_pgd(HUGE(probe.norm), MORE_STEPS)
    at = format_epsilon(HUGE(probe.norm), probe.norm)
    share = huge / clean if clean else 0.0
    level = "green" if share <= 0.02 else "amber" if share <= 0.1 else "red"
    why = (
        "nothing survives, as it must"
        if level == "green"
        else (
            "so large an attack must break every model; the attack is held up, or the model hardly"
            " looks at its input"
        )
    )
    return Finding(
        "accuracy reaches 0 at a huge epsilon",
        level,
        f"{format_percent(huge)} at {at}: {why}",
        {"huge": huge},
    )


def _more_steps(probe: _Probe) -> Finding:
    short, long = probe.curve("pgd", STEPS), probe.curve("pgd", MORE_STEPS)
    weaker, stronger = probe.widest(long, short), probe.widest(short, long)
    if long[weaker] - short[weaker] > probe.noise(short[weaker]):
        level, place = "red", weaker
    else:
        gain, place = short[stronger] - long[stronger], stronger
        level = "green" if gain <= max(0.03, probe.noise(short[stronger])) else "amber"
    why = {
        "green": "the attack has converged",
        "amber": "the attack has not converged; raise evaluation.steps",
        "red": "more steps are weaker, so the gradient misleads",
    }[level]
    few, many = short[place], long[place]
    reason = (
        f"at {probe.at(place)}: {format_percent(few)} after {STEPS} steps, {format_percent(many)}"
        f" after {MORE_STEPS}: {why}"
    )
    return Finding("more steps do not help the model", level, reason, {"few": few, "many": many})


def _without_gradient(probe: _Probe) -> Finding:
    by_gradient, by_search = probe.curve("pgd", STEPS), probe.curve("square", QUERIES)
    place = probe.widest(by_gradient, by_search)
    white, black = by_gradient[place], by_search[place]
    level = "green" if black >= white else "amber" if white - black <= probe.noise(white) else "red"
    why = {
        "green": "no stronger than with gradients",
        "amber": "stronger without gradients, by no more than chance can do on so few images",
        "red": "an attack without gradients is stronger: the gradient is masked",
    }[level]
    reason = (
        f"at {probe.at(place)}: {format_percent(black)} under Square, {format_percent(white)} under"
        f" PGD: {why}"
    )
    return Finding(
        "no attack without gradients is stronger", level, reason, {"square": black, "pgd": white}
    )


def _one_step(probe: _Probe) -> Finding:
    single, many = probe.curve("fgsm", 1), probe.curve("pgd", STEPS)
    place = probe.widest(single, many)
    overfitted = [one > 0.2 and several < one / 4 for one, several in zip(single, many)]
    if any(overfitted):
        place = overfitted.index(True)
    level = "red" if any(overfitted) else "green"
    why = "no sign of overfitting to one step"
    if level == "red":
        why = "robust to one step and not to ten: catastrophic overfitting"
    reason = (
        f"at {probe.at(place)}: {format_percent(single[place])} under FGSM,"
        f" {format_percent(many[place])} under PGD: {why}"
    )
    values = {"fgsm": single[place], "pgd": many[place], "gap": single[place] - many[place]}
    return Finding("robustness is not to one step alone", level, reason, values)


def _gradients(probe: _Probe) -> Finding:
    vanished = 0
    for images, labels in probe.batches():
        gradient = input_gradient(probe.model, images, labels).gradient
        vanished += (gradient.abs().amax(dim=(1, 2, 3)) <= VANISHED).sum().item()
    share = vanished / len(probe.split)
    level = "green" if share <= 0.01 else "amber" if share <= 0.1 else "red"
    return Finding(
        "gradients do not vanish",
        level,
        f"{format_percent(share)} of the images have no gradient to follow",
        {"vanished": share},
    )


@torch.no_grad()
def _repeats(probe: _Probe) -> Finding:
    images, _ = next(probe.batches())
    largest = (probe.model(images) - probe.model(images)).abs().max().item()
    level = "green" if largest == 0 else "amber" if largest < 1e-4 else "red"
    why = (
        "two passes agree"
        if level != "red"
        else "two passes differ: the model is random, and one attack is not enough"
    )
    return Finding(
        "two passes agree",
        level,
        f"logits differ by at most {largest:.1e}: {why}",
        {"difference": largest},
    )
