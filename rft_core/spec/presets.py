"""Named RunSpecs. The trio differs in its schedule alone: same model, data, budget, seed."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rft_core.errors import UnknownNameError
from rft_core.spec.menus.papers import SCHEDULE_PAPER, TRADEOFF_PAPER
from rft_core.spec.run_spec import RunSpec, parse


@dataclass(frozen=True)
class Preset:
    """One row of the presets' menu."""

    name: str
    label: str
    help: str
    source: str
    build: Callable[[], RunSpec]


# at most a fifth of a run goes into measuring it, except in presets that exist to follow a short
# run
TRACKING_SHARE = 0.2
NO_PERTURBATION = MappingProxyType({"kind": "custom", "points": ((0.0, 0.0), (1.0, 0.0))})
TRIO = MappingProxyType(
    {
        "data": {"dataset": "blooms_hard"},
        "model": {"backbone": "bloom_convnext"},
        "threat": {"norm": "linf", "epsilon": "8/255"},
        "optim": {"epochs": 30, "learning_rate": 1e-3},
        "evaluation": {"tracking_share": 0.25},
    }
)
PAPER_EPOCHS, PAPER_T1, PAPER_T2 = 50, 12, 37
SCHEDULE_PROTOCOL = MappingProxyType(
    {
        "data": {"dataset": "blooms_hard", "augment": "paper"},
        "model": {"backbone": "bloom_convnext"},
        "threat": {"norm": "linf", "epsilon": "4/255"},
        "schedule": {
            "kind": "two_hinge",
            "ramp_start": PAPER_T1 / PAPER_EPOCHS,
            "ramp_end": PAPER_T2 / PAPER_EPOCHS,
            "granularity": "epoch",
        },
        "attack": {"kind": "apgd", "steps": 7, "random_start": False},
        "evaluation": {"attack": "apgd", "steps": 10, "tracking_share": TRACKING_SHARE},
    }
)
SCHEDULE_FULL = MappingProxyType(
    SCHEDULE_PROTOCOL
    | {
        "data": {"dataset": "fgvc_aircraft", "augment": "paper", "eval_size": 1000},
        "model": {"backbone": "swin_base_patch4_window7_224.ms_in22k_ft_in1k"},
        "optim": {
            "epochs": PAPER_EPOCHS,
            "learning_rate": 1.2165e-4,
            "head_learning_rate": 3.996e-3,
            "weight_decay": 1e-6,
        },
    }
)
TRADEOFF_PROTOCOL: MappingProxyType[str, Any] = MappingProxyType(
    {
        "objective": {"kind": "natural"},
        "threat": {"norm": "linf", "epsilon": "1/255"},
        "schedule": dict(NO_PERTURBATION),
        "evaluation": {
            "attack": "pgd",
            "steps": 15,
            "relative_step_size": 0.25,
            "tracking_kind": "paper",
            "tracking_share": 0.4,
            "epsilons": ["0", "0.5/255", "1/255"],
        },
    }
)


def standard() -> RunSpec:
    """Ordinary fine-tuning: the schedule stays at 0, robustness is only measured."""
    return parse(TRIO | {"name": "standard", "schedule": dict(NO_PERTURBATION)})


def fixed() -> RunSpec:
    """Adversarial fine-tuning at full epsilon from the first step (the paper's RFT-fix)."""
    return parse(TRIO | {"name": "fixed", "schedule": {"kind": "constant"}})


def scheduled() -> RunSpec:
    """Adversarial fine-tuning with a two-hinge schedule (the paper's Epsilon-Scheduling)."""
    return parse(
        TRIO
        | {
            "name": "scheduled",
            "schedule": {"kind": "two_hinge", "ramp_start": 0.25, "ramp_end": 0.75},
        }
    )


def digits_quick() -> RunSpec:
    """A first run in a few seconds, on real handwritten digits."""
    return parse(
        {
            "name": "digits quick",
            "data": {"dataset": "digits", "eval_size": 300},
            "optim": {"epochs": 4, "learning_rate": 2e-3},
            "evaluation": {"tracking": 6, "tracking_share": 0.4},
        }
    )


def paper_schedule() -> RunSpec:
    """The schedule paper's protocol on the embedded data: T1 = 12 and T2 = 37 of 50 epochs, epoch
    by epoch, 4/255, APGD-CE with 7 steps to train and 10 to measure, flips, jitter and turns,
    cosine decay (Ngnawé et al., ICLR 2026, sections 4 and 5).
    """
    return parse(
        SCHEDULE_PROTOCOL
        | {"name": "paper schedule", "optim": {"epochs": PAPER_EPOCHS, "learning_rate": 1e-3}}
    )


def paper_fixed() -> RunSpec:
    """The same protocol at fixed epsilon (the paper's RFT-fix)."""
    return parse(
        SCHEDULE_PROTOCOL
        | {
            "name": "paper fixed",
            "schedule": {"kind": "constant"},
            "optim": {"epochs": PAPER_EPOCHS, "learning_rate": 1e-3},
        }
    )


def paper_schedule_full() -> RunSpec:
    """The same protocol at full size: Swin-B at 224 pixels on FGVC-Aircraft with its official
    splits, measured on 1,000 test images drawn evenly over the classes. The paper does not state
    learning rates; these are the most frequent result of the search in its authors' sibling
    repository, and that it measures on 1,000 images is inferred from its numbers.
    """
    return parse(SCHEDULE_FULL | {"name": "paper schedule, full size"})


def paper_fixed_full() -> RunSpec:
    """The full-size protocol at fixed epsilon: the paper's case of transfer failure,
    7.7 % clean accuracy.
    """
    return parse(
        SCHEDULE_FULL | {"name": "paper fixed, full size", "schedule": {"kind": "constant"}}
    )


def paper_tradeoff() -> RunSpec:
    """The tradeoff paper's protocol on the embedded data: natural fine-tuning, robustness only
    measured, PGD-15 at 1/255 with steps of a quarter of epsilon, measured every 50 steps (Li et
    al., ICCV 2025; constants from its code).
    """
    model = {
        "data": {"dataset": "blooms_medium", "augment": "none"},
        "model": {"backbone": "bloom_vit"},
    }
    return parse(
        TRADEOFF_PROTOCOL
        | model
        | {
            "name": "paper tradeoff",
            "optim": {
                "epochs": 20,
                "learning_rate": 1e-3,
                "warmup_fraction": 0.0,
                "decay": "linear",
            },
        }
    )


def paper_tradeoff_full() -> RunSpec:
    """The same protocol at full size: ViT-B/16 at 224 pixels on CIFAR-10, full fine-tuning at 2e-5.

    The other strategies take 5e-3, no weight decay, cosine decay and a warm-up; the paper's other
    sets are cifar100, cub200, stanford_dogs, domainnet and hf:ilee0022/Caltech-256. Validation is
    10 % of training, as in the paper; theirs is unseeded, ours stratified and seeded.
    """
    optim = {
        "epochs": 3,
        "batch_size": 128,
        "learning_rate": 2e-5,
        "weight_decay": 0.01,
        "warmup_fraction": 0.0,
        "decay": "linear",
        "clip_norm": 1.0,
    }
    model = {
        "data": {"dataset": "cifar10", "augment": "none"},
        "model": {"backbone": "vit_base_patch16_224.augreg_in21k"},
    }
    model["evaluation"] = TRADEOFF_PROTOCOL["evaluation"] | {"tracking_share": TRACKING_SHARE}
    return parse(TRADEOFF_PROTOCOL | model | {"name": "paper tradeoff, full size", "optim": optim})


PRESETS = (
    Preset(
        "standard",
        "Standard",
        "Ordinary fine-tuning: accurate and fragile.",
        SCHEDULE_PAPER,
        standard,
    ),
    Preset(
        "fixed",
        "Fixed epsilon",
        "Full epsilon from the first step: adapts late, never catches up.",
        SCHEDULE_PAPER,
        fixed,
    ),
    Preset(
        "scheduled",
        "Scheduled epsilon",
        "Epsilon rises from 0: adapts first, then becomes robust.",
        SCHEDULE_PAPER,
        scheduled,
    ),
    Preset(
        "digits_quick",
        "Digits, quick",
        "A first run on real handwritten digits, in seconds.",
        "this project",
        digits_quick,
    ),
    Preset(
        "paper_schedule",
        "Paper's schedule",
        "50 epochs, T1 = 12, T2 = 37, 4/255, APGD; on the embedded data.",
        SCHEDULE_PAPER,
        paper_schedule,
    ),
    Preset(
        "paper_fixed",
        "Paper's fixed epsilon",
        "The same protocol at fixed epsilon.",
        SCHEDULE_PAPER,
        paper_fixed,
    ),
    Preset(
        "paper_schedule_full",
        "Schedule, full size",
        "The same protocol with Swin-B at 224 pixels on FGVC-Aircraft: a GPU and two downloads.",
        SCHEDULE_PAPER,
        paper_schedule_full,
    ),
    Preset(
        "paper_fixed_full",
        "Fixed, full size",
        "The full-size protocol at fixed epsilon, which fails to transfer in the paper.",
        SCHEDULE_PAPER,
        paper_fixed_full,
    ),
    Preset(
        "paper_tradeoff",
        "Tradeoff",
        "Natural fine-tuning followed step by step, PGD-15 at 1/255; on the embedded data.",
        TRADEOFF_PAPER,
        paper_tradeoff,
    ),
    Preset(
        "paper_tradeoff_full",
        "Tradeoff, full size",
        "The same protocol with ViT-B/16 at 224 pixels on CIFAR-10: a GPU and two downloads.",
        TRADEOFF_PAPER,
        paper_tradeoff_full,
    ),
)


def preset(name: str) -> RunSpec:
    """Return the RunSpec of a preset; an unknown name raises with the nearest one."""
    for row in PRESETS:
        if row.name == name:
            return row.build()
    raise UnknownNameError("preset", name, [row.name for row in PRESETS])
