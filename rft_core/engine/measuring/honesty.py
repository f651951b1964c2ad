"""Honesty checks: is a measured robustness real, or does the model only hide its gradient?

After Carlini et al. 2019 (On Evaluating Adversarial Robustness) and AutoAttack's flags. Every
check gives green, amber or red with its reason; red means that the reported robust accuracy of
this model cannot be trusted. The checks look at every epsilon of the grid, since a gradient can be
masked at small epsilons and not at large epsilons, and at other losses than that of the report.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from rft_core.engine.data.dataset import Split
from rft_core.engine.measuring import honesty_checks
from rft_core.engine.measuring.honesty_probe import BATCH, STEPS, Finding, Probe
from rft_core.engine.models.modes import eval_mode

LEVELS = ("green", "amber", "red")


@dataclass(frozen=True)
class Honesty:
    """All findings on `n` images at `epsilons`; `level` is that of the worst finding."""

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

    `attack` and `steps` are those of the robust accuracy that is checked. Epsilon 0 is ignored; at
    least one larger epsilon is needed. Costs for each image about 10 gradient evaluations per
    epsilon, 200 more, and 450 predictions. Every module gets its training flag back.
    """
    grid = tuple(sorted(epsilon for epsilon in epsilons if epsilon > 0))
    probe = Probe(model, split, norm, grid, attack, steps, batch)
    with eval_mode(model):
        return Honesty(tuple(_findings(probe)), len(split), grid, norm, attack, steps)


def _findings(probe: Probe) -> Iterator[Finding]:
    yield honesty_checks.falls(probe)
    yield honesty_checks.reaches_zero(probe)
    yield honesty_checks.other_losses(probe)
    yield honesty_checks.more_steps(probe)
    yield honesty_checks.without_gradient(probe)
    yield honesty_checks.one_step(probe)
    yield honesty_checks.gradients(probe)
    yield honesty_checks.repeats(probe)
