"""Named RunSpecs. The trio differs in its schedule alone: same model, data, budget, seed."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from rft_core import catalog
from rft_core.errors import UnknownNameError
from rft_core.spec import RunSpec, parse


@dataclass(frozen=True)
class Preset:
    """One row of the presets' menu."""

    name: str
    label: str
    help: str
    source: str
    build: Callable[[], RunSpec]


TRIO = MappingProxyType(
    {
        "data": {"dataset": "blooms_hard"},
        "model": {"backbone": "bloom_convnext"},
        "threat": {"norm": "linf", "epsilon": "8/255"},
        "optim": {"epochs": 30, "learning_rate": 1e-3},
    }
)
NO_PERTURBATION = MappingProxyType({"kind": "custom", "points": ((0.0, 0.0), (1.0, 0.0))})
PAPER_EPOCHS, PAPER_T1, PAPER_T2 = 50, 12, 37


def standard() -> RunSpec:
    """Ordinary fine-tuning: the schedule stays at 0, robustness is only measured."""
    return parse(TRIO | {"name": "standard", "schedule": dict(NO_PERTURBATION)})


def fixed() -> RunSpec:
    """Adversarial fine-tuning at full epsilon from the first step (the paper's RFT-fix)."""
    return parse(TRIO | {"name": "fixed", "schedule": {"kind": "constant"}})


def scheduled() -> RunSpec:
    """Adversarial fine-tuning with a two-hinge schedule (the paper's Epsilon-Scheduling)."""
    return parse(TRIO | {"name": "scheduled", "schedule": {"kind": "two_hinge", "ramp_start": 0.25, "ramp_end": 0.75}})


def digits_quick() -> RunSpec:
    """A first run in a few seconds, on real handwritten digits."""
    return parse(
        {"name": "digits quick", "data": {"dataset": "digits", "eval_size": 300}, "optim": {"epochs": 4, "learning_rate": 2e-3}, "evaluation": {"tracking": 6}}
    )


def paper_schedule() -> RunSpec:
    """The schedule of the paper, epoch by epoch: T1 = 12, T2 = 37 of 50 epochs, 4/255 (Ngnawé et al., ICLR 2026, section 4)."""
    schedule = {"kind": "two_hinge", "ramp_start": PAPER_T1 / PAPER_EPOCHS, "ramp_end": PAPER_T2 / PAPER_EPOCHS, "granularity": "epoch"}
    return parse({"name": "paper schedule", "threat": {"epsilon": "4/255"}, "schedule": schedule, "attack": {"steps": 7}, "optim": {"epochs": PAPER_EPOCHS}})


PRESETS = (
    Preset("standard", "Standard", "Ordinary fine-tuning: accurate and fragile.", catalog.SCHEDULE_PAPER, standard),
    Preset("fixed", "Fixed epsilon", "Full epsilon from the first step: adapts late, never catches up.", catalog.SCHEDULE_PAPER, fixed),
    Preset("scheduled", "Scheduled epsilon", "Epsilon rises from 0: adapts first, then becomes robust.", catalog.SCHEDULE_PAPER, scheduled),
    Preset("digits_quick", "Digits, quick", "A first run on real handwritten digits, in seconds.", "this project", digits_quick),
    Preset(
        "paper_schedule",
        "Paper's schedule",
        "The paper's 50 epochs with T1 = 12 and T2 = 37 at 4/255, on the embedded data.",
        catalog.SCHEDULE_PAPER,
        paper_schedule,
    ),
)


def preset(name: str) -> RunSpec:
    """Return the RunSpec of a preset; an unknown name raises with the nearest one."""
    for row in PRESETS:
        if row.name == name:
            return row.build()
    raise UnknownNameError("preset", name, [row.name for row in PRESETS])
