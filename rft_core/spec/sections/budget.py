"""The sections optim, evaluation and runtime: how long a run trains, how it is measured, where."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from rft_core.spec.list_settings import split_epsilons
from rft_core.spec.sections.values import Epsilon, Fraction, Section, choice_of


class OptimSpec(Section):
    epochs: int = Field(16, ge=1, le=100_000, description="Passes over the training images.")
    batch_size: int = Field(64, ge=1, le=65_536, description="Images a step.")
    learning_rate: float = Field(
        1e-3, gt=0, le=100, description="Peak learning rate of the backbone."
    )
    head_learning_rate: float | None = Field(
        None,
        gt=0,
        le=100,
        description="Peak learning rate of the new head; empty for the backbone's.",
    )
    weight_decay: float = Field(
        1e-2, ge=0, le=100, description="Weight decay of AdamW; biases and norms are left out."
    )
    warmup_fraction: Fraction = Field(
        0.1, description="Share of training over which the learning rate rises from 0."
    )
    decay: Literal["cosine", "linear", "none"] = Field(
        "cosine", description="How the learning rate falls after the warm-up."
    )
    clip_norm: float | None = Field(
        None, gt=0, description="Largest gradient norm; empty for no clipping."
    )


class EvaluationSpec(Section):
    attack: Annotated[str, choice_of("attacks")] = Field(
        "apgd_ce_t",
        description=(
            "Attack of the final report. While training, PGD measures where this one is too slow."
        ),
    )
    steps: int = Field(
        10,
        ge=1,
        le=10_000,
        description="Gradient steps of the measuring attack; of each part, where it has several.",
    )
    relative_step_size: float | None = Field(
        None,
        gt=0,
        le=10,
        description=(
            "Step size of the measuring attack as a share of epsilon; empty for 2.5 / steps."
        ),
    )
    epsilons: Annotated[tuple[Epsilon, ...] | None, BeforeValidator(split_epsilons)] = Field(
        None,
        min_length=1,
        max_length=256,
        description=(
            "Epsilons of the final robustness curve; empty for every 1/255 up to the target."
        ),
        examples=["0,4/255,8/255", '[0, "4/255", "8/255"]'],
    )
    eval_size: int | None = Field(
        256,
        ge=2,
        le=1_000_000,
        description="Validation images measured while training; empty for all.",
    )
    tracking_kind: Literal["dense_early", "paper", "every_epoch"] = Field(
        "dense_early",
        description=(
            "When to measure while training: dense_early, paper (every 50 steps to 700, every 1,000"
            " to 3,000, then every 6,000) or every_epoch."
        ),
    )
    tracking: int = Field(
        12,
        ge=2,
        le=1000,
        description=(
            "Number of measurements of the kind dense_early; the first before step 1, the last at"
            " the end."
        ),
    )
    tracking_share: float = Field(
        1.0,
        ge=0.01,
        le=1,
        description=(
            "Largest share of a run that measuring while it trains may take, by the counted cost;"
            " beyond it the run is measured less often. 1 for no bound."
        ),
    )
    examples: int = Field(6, ge=0, le=64, description="Test images followed through training.")
    corruptions: bool = Field(
        False,
        description=(
            "Measure at the end on the 15 common corruptions (noise, blur, weather, digital) at"
            " five severities."
        ),
    )
    shift_size: int = Field(
        250,
        ge=2,
        le=1_000_000,
        description="Test images of each other domain, and of each corruption and severity.",
    )
    track_shifts: bool = Field(
        False,
        description="Measure the other domains and a sample of the corruptions while training too.",
    )


class RuntimeSpec(Section):
    device: str = Field(
        "auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$", description="auto, cpu, cuda or cuda:0."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Arithmetic of training; reported numbers are always float32."
    )
    compile: bool = Field(
        False, description="Compile the model on a GPU; falls back when that fails."
    )
    checkpoint_activations: bool = Field(
        False,
        description=(
            "Compute activations again instead of keeping them: about half the memory of a step, 15"
            " to 30 % more time; for models that do not fit."
        ),
    )
    threads: int | None = Field(
        None, ge=1, le=1024, description="CPU threads; empty for one per physical core."
    )
