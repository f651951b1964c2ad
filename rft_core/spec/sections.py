"""The sections of a RunSpec: each setting once, with its range and the one line of help that
CLI, form and docs show.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from rft_core.errors import UnknownNameError
from rft_core.spec import catalog
from rft_core.spec.list_settings import split_epsilons, split_points, split_words
from rft_core.units import PIXEL_LEVELS, parse_epsilon


class SettingErrorValue(ValueError):
    """A cross-field rule inside a section; `parse` adds the section's name.

    Pydantic only passes ValueErrors on.
    """

    def __init__(self, setting: str, value: object, rule: str):
        super().__init__(rule)
        self.setting, self.value, self.rule = setting, value, rule


class UnknownNameValue(ValueError):
    """A name that is on no menu; `parse` adds the setting, in which it is the part `leaf` where
    pydantic does not know that.
    """

    def __init__(self, error: UnknownNameError, leaf: str = ""):
        super().__init__(str(error))
        self.error, self.leaf = error, leaf


def _epsilon(value: Any) -> float:
    if isinstance(value, (str, int, float)):
        return parse_epsilon(value)
    raise ValueError("must be a number or text such as 8/255")


def _choice(kind: str):
    def check(name: str) -> str:
        _find(kind, name)
        return name

    return BeforeValidator(check)


def _find(kind: str, name: str, leaf: str = "") -> None:
    try:
        catalog.find(kind, name)
    except UnknownNameError as error:
        raise UnknownNameValue(error, leaf) from None


def _one_line(text: str) -> str:
    if HIDDEN.search(text):
        raise ValueError(
            "must be plain text, without control characters or marks that turn the direction of"
            " writing"
        )
    return text


def _paragraphs(text: str) -> str:
    _one_line(re.sub(f"[{BREAKS}]", " ", text))
    return text


def readable(text: str, kept: str = "") -> str:
    """Return a stored text as a spec may hold it: a space for each character of HIDDEN that parts
    words, � for every other, but for those of `kept`.
    """
    return HIDDEN.sub(
        lambda found: found[0] if found[0] in kept else " " if found[0].isspace() else "\ufffd",
        text,
    )


def _holds_truth(value: Any) -> bool:
    values = [value]
    # points are lists of pairs; nothing in a spec goes deeper
    for _ in range(2):
        values = [
            inner for one in values for inner in (one if isinstance(one, (list, tuple)) else [one])
        ]
    return any(isinstance(one, bool) for one in values)


# a terminal obeys controls, a list is torn by line ends, and turned writing shows
# another name than is there
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# what notes may hold of it
BREAKS = "\t\r\n"
Line = Annotated[str, AfterValidator(_one_line)]
LONGEST_TAG = 60
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TAG),
    AfterValidator(_one_line),
]
Paragraphs = Annotated[str, AfterValidator(_paragraphs)]
Epsilon = Annotated[float, BeforeValidator(_epsilon)]
Fraction = Annotated[float, Field(ge=0, le=1)]
LARGEST_EPSILON_L2 = 1000.0


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=4096)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: Any) -> Any:
        # pydantic would take true for 1
        if cls.model_fields[info.field_name].annotation is not bool and _holds_truth(value):
            raise ValueError("must not be true or false")
        return value


class DataSpec(Section):
    dataset: Line = Field(
        "blooms_hard",
        description=(
            "Dataset: a name from the menu, folder:PATH (a folder or a zip), csv:PATH, or"
            " hf:OWNER/NAME of the Hugging Face hub."
        ),
    )
    domains: Annotated[tuple[Line, ...], BeforeValidator(split_words)] = Field(
        (),
        max_length=50,
        description=(
            "Domains to train on, where the dataset has domains; empty for its first. The others"
            " are only measured on."
        ),
        examples=["painting,sketch", '["painting", "sketch"]'],
    )
    layout: Literal["auto", "splits", "classes"] = Field(
        "auto",
        description=(
            "What the folders of an image folder are: splits (train, val, test), classes, or auto:"
            " by their names and what they hold."
        ),
    )
    train_size: int | None = Field(
        None,
        ge=2,
        le=10_000_000,
        description="Training images to use, drawn evenly over the classes; empty for all.",
    )
    eval_size: int | None = Field(
        None, ge=2, le=10_000_000, description="Test images for the final report; empty for all."
    )
    image_size: int | None = Field(
        None, ge=8, le=1024, description="Pixels on a side; empty for the backbone's own size."
    )
    augment: Literal["none", "flip", "paper"] = Field(
        "flip",
        description=(
            "Random changes to training images: none, flip, or paper (flip, colour jitter and a"
            " small rotation)."
        ),
    )

    @model_validator(mode="after")
    def _known(self):
        scheme, colon, place = self.dataset.partition(":")
        if scheme in catalog.SCHEMES:
            if not (colon and place.strip()):
                raise SettingErrorValue(
                    "dataset", self.dataset, f"names no data; write {catalog.SCHEMES[scheme]}"
                )
        else:
            _find("datasets", self.dataset, "dataset")
        return self


class ModelSpec(Section):
    backbone: Line = Field(
        "bloom_convnext", min_length=1, description="Backbone: one from the menu, or any timm name."
    )
    pretrained: bool = Field(
        True, description="Start from pretrained weights; off means random weights."
    )
    checkpoint: Line | None = Field(
        None,
        description=(
            "File of backbone weights to start from (.safetensors, .pt, .pth, .ckpt or .bin), or"
            " the folder of a run."
        ),
    )


class StrategySpec(Section):
    kind: Annotated[str, _choice("strategies")] = Field(
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
    kind: Annotated[str, _choice("schedules")] = Field(
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
        places = [place for place, _ in self.points]
        if places != sorted(places):
            raise SettingErrorValue(
                "points", self.points, "must be in order of progress; sort them"
            )
        return self


class AttackSpec(Section):
    kind: Annotated[str, _choice("attacks")] = Field(
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
            fit = ", ".join(row.name for row in catalog.ATTACKS if not row.measures_only)
            raise SettingErrorValue(
                "kind", self.kind, f"is for measuring only; train with one of {fit}"
            )
        return self


class ObjectiveSpec(Section):
    kind: Annotated[str, _choice("objectives")] = Field(
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
    attack: Annotated[str, _choice("attacks")] = Field(
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
