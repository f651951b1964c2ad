"""RunSpec: one complete description of a run, JSON in and out.

Dotted names ("optim.epochs") are the same in the CLI, the form and the JSON. A spec is validated once, here; the code
below trusts it. One text per setting (its description) feeds CLI, form and docs.
"""

import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from rft_core import catalog
from rft_core.errors import SettingError, UserError
from rft_core.units import PIXEL_LEVELS, format_epsilon, parse_epsilon


def _epsilon(value: Any) -> float:
    if isinstance(value, (str, int, float)):
        return parse_epsilon(value)
    raise ValueError("must be a number or text such as 8/255")


def _choice(kind: str):
    def check(name: str) -> str:
        catalog.find(kind, name)
        return name

    return BeforeValidator(check)


Epsilon = Annotated[float, BeforeValidator(_epsilon)]
Fraction = Annotated[float, Field(ge=0, le=1)]
LARGEST_EPSILON_L2 = 1000.0


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=4096)


class DataSpec(_Section):
    dataset: str = Field("blooms_hard", description="Dataset: a name from the menu, or folder:PATH for your own images.")
    train_size: int | None = Field(None, ge=2, le=10_000_000, description="Training images to use, drawn evenly over the classes; empty for all.")
    eval_size: int | None = Field(None, ge=2, le=10_000_000, description="Test images for the final report; empty for all.")
    image_size: int | None = Field(None, ge=8, le=1024, description="Pixels on a side; empty for the backbone's own size.")
    augment: Literal["none", "flip", "paper"] = Field(
        "flip", description="Random changes to training images: none, flip, or paper (flip, colour jitter and a small rotation)."
    )

    @model_validator(mode="after")
    def _known(self):
        if not self.dataset.startswith("folder:"):
            catalog.find("datasets", self.dataset)
        if self.dataset in ("folder", "folder:"):
            raise ValueError("data.dataset needs a path; write folder:PATH")
        return self


class ModelSpec(_Section):
    backbone: str = Field("bloom_convnext", min_length=1, description="Backbone: an embedded one, or any timm name.")
    pretrained: bool = Field(True, description="Start from pretrained weights; off means random weights.")
    checkpoint: str | None = Field(None, description="Path of a .safetensors file with backbone weights to start from.")


class StrategySpec(_Section):
    kind: Annotated[str, _choice("strategies")] = Field("full_finetune", description="Which weights are trained.")
    rank: int = Field(8, ge=1, le=4096, description="Rank of the updates of the strategy 'lora'.")
    alpha: float = Field(8.0, gt=0, le=100_000, description="The updates of the strategy 'lora' count alpha / rank.")
    reduction: int | None = Field(None, ge=1, le=4096, description="How much narrower bottlenecks are; empty for 8 ('adapter') or 32 ('compacter').")


class ThreatSpec(_Section):
    norm: Literal["linf", "l2"] = Field("linf", description="How a perturbation is measured: linf (largest change of a pixel) or l2 (length).")
    epsilon: Epsilon = Field(8 / PIXEL_LEVELS, description="Target perturbation budget in pixel scale, for example 8/255.")

    @model_validator(mode="after")
    def _in_range(self):
        if self.norm == "linf" and self.epsilon > 1:
            hint = f"did you mean {self.epsilon:g}/255?" if self.epsilon <= PIXEL_LEVELS else "write it as 8/255"
            raise SettingErrorValue("epsilon", self.epsilon, f"must be in [0, 1] for norm 'linf'; {hint}")
        if self.epsilon > LARGEST_EPSILON_L2:
            raise SettingErrorValue("epsilon", self.epsilon, f"must be in [0, {LARGEST_EPSILON_L2:g}] for norm 'l2'")
        return self


class ScheduleSpec(_Section):
    kind: Annotated[str, _choice("schedules")] = Field("two_hinge", description="How epsilon grows while training.")
    ramp_start: Fraction = Field(0.25, description="Share of training after which epsilon begins to rise (the paper's T1).")
    ramp_end: Fraction = Field(0.75, description="Share of training after which epsilon is at its target (the paper's T2).")
    steps: int = Field(4, ge=1, le=1000, description="Number of jumps, for the schedule 'step'.")
    points: tuple[tuple[Fraction, Fraction], ...] = Field(
        ((0.0, 0.0), (1.0, 1.0)), min_length=1, max_length=200, description="Points (progress, factor) for the schedule 'custom', both 0 to 1."
    )
    granularity: Literal["step", "epoch"] = Field("step", description="Whether epsilon changes every step, or only between epochs as in the paper.")
    patience: int = Field(5, ge=1, le=1000, description="Epochs without progress before the schedule 'auto' starts its ramp.")
    tolerance: Fraction = Field(0.02, description="Smallest rise in validation accuracy that 'auto' counts as progress.")

    @model_validator(mode="after")
    def _ordered(self):
        if self.ramp_end < self.ramp_start:
            raise SettingErrorValue("ramp_end", self.ramp_end, f"must be at least ramp_start = {self.ramp_start}; swap the two")
        places = [place for place, _ in self.points]
        if places != sorted(places):
            raise SettingErrorValue("points", self.points, "must be in order of progress; sort them")
        return self


class AttackSpec(_Section):
    kind: Annotated[str, _choice("attacks")] = Field("pgd", description="Attack used while training.")
    steps: int = Field(3, ge=1, le=1000, description="Gradient steps of the training attack.")
    relative_step_size: float | None = Field(None, gt=0, le=10, description="Step size as a share of epsilon; empty for 2.5 / steps.")
    random_start: bool = Field(True, description="Start at a random point of the ball.")

    @model_validator(mode="after")
    def _trains(self):
        if not catalog.find("attacks", self.kind).walk:
            fit = ", ".join(row.name for row in catalog.ATTACKS if row.walk)
            raise SettingErrorValue("kind", self.kind, f"is for measuring only; train with one of {fit}")
        return self


class ObjectiveSpec(_Section):
    kind: Annotated[str, _choice("objectives")] = Field("adversarial", description="The loss that is minimised.")
    beta: float | None = Field(None, ge=0, le=1000, description="Weight of the divergence; empty for 6 (trades), 5 (mart), 4 (score), 1 (anchored).")
    anchor_weight: float = Field(1.0, ge=0, le=1000, description="Weight of the pretrained backbone's predictions in the objective 'anchored'.")
    clip: float = Field(0.0, ge=0, le=2, description="Squared distance up to which the objective 'score' lets an attack move the probabilities.")


class OptimSpec(_Section):
    epochs: int = Field(16, ge=1, le=100_000, description="Passes over the training images.")
    batch_size: int = Field(64, ge=1, le=65_536, description="Images a step.")
    learning_rate: float = Field(1e-3, gt=0, le=100, description="Peak learning rate of the backbone.")
    head_learning_rate: float | None = Field(None, gt=0, le=100, description="Peak learning rate of the new head; empty for the backbone's.")
    weight_decay: float = Field(1e-2, ge=0, le=100, description="Weight decay of AdamW; biases and norms are left out.")
    warmup_fraction: Fraction = Field(0.1, description="Share of training over which the learning rate rises from 0.")
    decay: Literal["cosine", "linear", "none"] = Field("cosine", description="How the learning rate falls after the warm-up.")
    clip_norm: float | None = Field(None, gt=0, description="Largest gradient norm; empty for no clipping.")


class EvaluationSpec(_Section):
    attack: Annotated[str, _choice("attacks")] = Field("pgd", description="Attack used to measure robustness.")
    steps: int = Field(10, ge=1, le=10_000, description="Gradient steps of the measuring attack.")
    relative_step_size: float | None = Field(None, gt=0, le=10, description="Step size of the measuring attack as a share of epsilon; empty for 2.5 / steps.")
    epsilons: tuple[Epsilon, ...] | None = Field(
        None, min_length=1, max_length=256, description="Epsilons of the final robustness curve; empty for every 1/255 up to the target."
    )
    eval_size: int | None = Field(256, ge=2, le=1_000_000, description="Validation images measured while training; empty for all.")
    tracking_kind: Literal["dense_early", "paper", "every_epoch"] = Field(
        "dense_early",
        description="When to measure while training: dense_early, paper (every 50 steps to 700, every 1,000 to 3,000, then every 6,000) or every_epoch.",
    )
    tracking: int = Field(12, ge=2, le=1000, description="Number of measurements of the kind dense_early; the first before step 1, the last at the end.")
    examples: int = Field(6, ge=0, le=64, description="Test images followed through training.")


class RuntimeSpec(_Section):
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$", description="auto, cpu, cuda or cuda:0.")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="Arithmetic of training; reported numbers are always float32.")
    compile: bool = Field(False, description="Compile the model on a GPU; falls back when that fails.")
    threads: int | None = Field(None, ge=1, le=1024, description="CPU threads; empty for one per physical core.")


class RunSpec(_Section):
    """Everything that decides a run's numbers. Equal specs on the same CPU give equal numbers."""

    name: str = Field("", max_length=200, description="A name to find the run by.")
    notes: str = Field("", max_length=20_000, description="Anything worth remembering.")
    tags: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = Field((), max_length=50, description="Words to filter by.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="All randomness of the run derives from it.")
    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    strategy: StrategySpec = StrategySpec()
    threat: ThreatSpec = ThreatSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    attack: AttackSpec = AttackSpec()
    objective: ObjectiveSpec = ObjectiveSpec()
    optim: OptimSpec = OptimSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    runtime: RuntimeSpec = RuntimeSpec()

    @model_validator(mode="after")
    def _grid_reaches_norm(self):
        grid = self.evaluation.epsilons or ()
        if self.threat.norm == "linf" and grid and max(grid) > 1:
            raise SettingErrorValue("evaluation.epsilons", max(grid), "must stay in [0, 1] for norm 'linf'; write them as 8/255")
        return self

    def to_json(self) -> str:
        """Return the complete spec as one JSON object, defaults included."""
        return self.model_dump_json(indent=2)


class SettingErrorValue(ValueError):
    """A cross-field rule inside a section; `parse` adds the section's name. Pydantic only passes ValueErrors on."""

    def __init__(self, setting: str, value: object, rule: str):
        super().__init__(rule)
        self.setting, self.value, self.rule = setting, value, rule


def parse(raw: Mapping[str, Any] | str) -> RunSpec:
    """Return the RunSpec in `raw` (a mapping, or JSON text).

    Raises SettingError naming the first setting that is wrong, its value and what is allowed.
    """
    if isinstance(raw, str):
        raw = _from_json(raw)
    try:
        return RunSpec.model_validate(raw)
    except ValidationError as error:
        raise _translate(error) from None


def with_settings(spec: RunSpec, settings: Mapping[str, Any]) -> RunSpec:
    """Return `spec` with dotted settings replaced, for example ``{"optim.epochs": 3, "threat.epsilon": "4/255"}``."""
    raw = spec.model_dump()
    for name, value in settings.items():
        section, leaf = _locate(raw, name)
        section[leaf] = value
    return parse(raw)


def setting_names(model: type[BaseModel] = RunSpec, prefix: str = "") -> list[str]:
    """Return every dotted setting name, in the order of the form."""
    return list(_fields(model, prefix))


def describe(name: str) -> str:
    """Return the one-line help of a dotted setting."""
    return _fields(RunSpec, "")[name].description or ""


def differences(specs: list[RunSpec]) -> dict[str, list[Any]]:
    """Return only the settings whose values differ: dotted name -> one value a spec. Names, notes and tags are left out."""
    flat = [flatten(spec) for spec in specs]
    return {
        name: [one[name] for one in flat]
        for name in setting_names()
        if name not in ("name", "notes", "tags") and any(one[name] != flat[0][name] for one in flat)
    }


def flatten(spec: RunSpec) -> dict[str, Any]:
    """Return dotted name -> value."""
    raw = spec.model_dump()
    return {name: raw[name.split(".")[0]][name.split(".")[1]] if "." in name else raw[name] for name in setting_names()}


def spec_hash(spec: RunSpec) -> str:
    """Return a short hash of everything that decides the numbers (name, notes and tags do not)."""
    raw = {name: value for name, value in flatten(spec).items() if name not in ("name", "notes", "tags")}
    return hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()[:16]


def epsilon_grid(spec: RunSpec) -> tuple[float, ...]:
    """Return the epsilons of the final robustness curve: the given ones, or steps of 1/255 (linf) or target/8 (l2).

    A given grid is sorted, and 0 is added where it is missing; `grid_note` says so.
    """
    if spec.evaluation.epsilons is not None:
        return tuple(sorted({0.0, *spec.evaluation.epsilons}))
    target = spec.threat.epsilon
    if target == 0:
        return (0.0,)
    count = max(1, math.ceil(round(target * PIXEL_LEVELS, 6))) if spec.threat.norm == "linf" else 8
    count = min(count, 32)
    return tuple(target * index / count for index in range(count + 1))


def grid_note(spec: RunSpec) -> str | None:
    """Return what was mended in the given epsilon grid, or None."""
    given = spec.evaluation.epsilons
    if given is None or given == epsilon_grid(spec):
        return None
    return f"evaluation.epsilons was not a rising grid from 0; measured at {', '.join(format_epsilon(one, spec.threat.norm) for one in epsilon_grid(spec))}"


def _fields(model: type[BaseModel], prefix: str) -> dict[str, Any]:
    found = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Section):
            found |= _fields(field.annotation, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = field
    return found


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the spec is not JSON: {error}") from None


def _locate(raw: dict, name: str) -> tuple[dict, str]:
    if name not in setting_names():
        near = difflib.get_close_matches(name, setting_names(), n=1, cutoff=0.4)
        raise UserError(f"unknown setting '{name}'" + (f", did you mean '{near[0]}'?" if near else "; see `show --spec` of any run for all of them"))
    section, _, leaf = name.rpartition(".")
    return (raw[section], leaf) if section else (raw, leaf)


def _translate(error: ValidationError) -> UserError:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    cause = (first.get("ctx") or {}).get("error")
    if isinstance(cause, SettingErrorValue):
        return SettingError(".".join(place + [cause.setting]) if "." not in cause.setting else cause.setting, cause.value, cause.rule)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(".".join(place), setting_names(), n=1, cutoff=0.4)
        return UserError(f"unknown setting '{'.'.join(place)}'" + (f", did you mean '{near[0]}'?" if near else ""))
    if cause is not None:
        return SettingError(".".join(place) or "spec", first["input"], str(cause).split(", got")[0])
    return SettingError(".".join(place) or "spec", first["input"], first["msg"].replace("Input should be", "must be"))
