"""The sections of the method: strategy, threat, schedule, attack and objective.

Which settings count for which method stands on the rows of the menus.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from rft_core.spec import catalog
from rft_core.spec.list_settings import split_points
from rft_core.spec.sections.values import (
    Epsilon,
    Fraction,
    Section,
    SettingErrorValue,
    choice_of,
)
from rft_core.units import PIXEL_LEVELS

LARGEST_EPSILON_L2 = 1000.0


class StrategySpec(Section):
    kind: Annotated[str, choice_of("strategies")] = Field(
        "full_finetune", description="Which weights are trained."
    )
    rank: int = Field(8, ge=1, le=4096, description="Rank of the updates of the strategy 'lora'.")
    alpha: float = Field(
        8.0, gt=0, le=100_000, description="The updates of the strategy 'lora' count alpha / rank."
    )
    reduction: int | None = Field(
        None,
        ge=1,
        le=4096,
        description=(
            "How much narrower bottlenecks are; empty for 8 ('adapter') or 32 ('compacter')."
        ),
    )


class ThreatSpec(Section):
    norm: Literal["linf", "l2"] = Field(
        "linf",
        description=(
            "How a perturbation is measured: linf (largest change of a pixel) or l2 (length)."
        ),
    )
    epsilon: Epsilon = Field(
        8 / PIXEL_LEVELS,
        description="Target perturbation budget in pixel scale, for example 8/255.",
    )

    @model_validator(mode="after")
    def _in_range(self):
        if self.norm == "linf" and self.epsilon > 1:
            hint = (
                f"did you mean {self.epsilon:g}/255?"
                if self.epsilon <= PIXEL_LEVELS
                else "write it as 8/255"
            )
            raise SettingErrorValue(
                "epsilon", self.epsilon, f"must be in [0, 1] for norm 'linf'; {hint}"
            )
        if self.epsilon > LARGEST_EPSILON_L2:
            raise SettingErrorValue(
                "epsilon", self.epsilon, f"must be in [0, {LARGEST_EPSILON_L2:g}] for norm 'l2'"
            )
        return self


class ScheduleSpec(Section):
    kind: Annotated[str, choice_of("schedules")] = Field(
        "two_hinge", description="How epsilon grows while training."
    )
    ramp_start: Fraction = Field(
        0.25, description="Share of training after which epsilon begins to rise (the paper's T1)."
    )
    ramp_end: Fraction = Field(
        0.75, description="Share of training after which epsilon is at its target (the paper's T2)."
    )
    steps: int = Field(4, ge=1, le=1000, description="Number of jumps, for the schedule 'step'.")
    points: Annotated[tuple[tuple[Fraction, Fraction], ...], BeforeValidator(split_points)] = Field(
        ((0.0, 0.0), (1.0, 1.0)),
        min_length=1,
        max_length=200,
        description="Points (progress, factor) for the schedule 'custom', both 0 to 1.",
        examples=["0:0,0.5:1", "[[0, 0], [0.5, 1]]"],
    )
    granularity: Literal["step", "epoch"] = Field(
        "step",
        description="Whether epsilon changes every step, or only between epochs as in the paper.",
    )
    patience: int = Field(
        5,
        ge=1,
        le=1000,
        description="Epochs without progress before the schedule 'auto' starts its ramp.",
    )
    tolerance: Fraction = Field(
        0.02, description="Smallest rise in validation accuracy that 'auto' counts as progress."
    )

    @model_validator(mode="after")
    def _ordered(self):
        if self.ramp_end < self.ramp_start:
            raise SettingErrorValue(
                "ramp_end",
                self.ramp_end,
                f"must be at least ramp_start = {self.ramp_start}; swap the two",
            )
        progress = [at for at, _ in self.points]
        if progress != sorted(progress):
            raise SettingErrorValue(
                "points", self.points, "must be in order of progress; sort them"
            )
        return self


class AttackSpec(Section):
    kind: Annotated[str, choice_of("attacks")] = Field(
        "pgd", description="Attack used while training."
    )
    steps: int = Field(3, ge=1, le=1000, description="Gradient steps of the training attack.")
    relative_step_size: float | None = Field(
        None, gt=0, le=10, description="Step size as a share of epsilon; empty for 2.5 / steps."
    )
    random_start: bool = Field(True, description="Start at a random point of the ball.")

    @model_validator(mode="after")
    def _trains(self):
        if catalog.find("attacks", self.kind).measures_only:
            fit = ", ".join(row.name for row in catalog.choices("attacks") if not row.measures_only)
            raise SettingErrorValue(
                "kind", self.kind, f"is for measuring only; train with one of {fit}"
            )
        return self


class ObjectiveSpec(Section):
    kind: Annotated[str, choice_of("objectives")] = Field(
        "adversarial", description="The loss that is minimised."
    )
    beta: float | None = Field(
        None,
        ge=0,
        le=1000,
        description=(
            "Weight of the divergence; empty for 6 (trades), 5 (mart), 4 (score), 1 (anchored)."
        ),
    )
    anchor_weight: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="Weight of the pretrained backbone's predictions in the objective 'anchored'.",
    )
    clip: float = Field(
        0.0,
        ge=0,
        le=2,
        description=(
            "Squared distance up to which the objective 'score' lets an attack move the"
            " probabilities."
        ),
    )
