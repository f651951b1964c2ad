"""RunSpec: one complete description of a run, JSON in and out.

Dotted names ("optim.epochs") are the same in the CLI, the form and the JSON. A spec is
validated once, here; the code below trusts it. One text per setting (its description)
feeds CLI, form and docs.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from rft_core.spec.list_settings import split_words
from rft_core.spec.section_fields import fields_of
from rft_core.spec.sections import (
    LARGEST_EPSILON_L2,
    AttackSpec,
    DataSpec,
    EvaluationSpec,
    Line,
    ModelSpec,
    ObjectiveSpec,
    OptimSpec,
    Paragraphs,
    RuntimeSpec,
    ScheduleSpec,
    Section,
    SettingErrorValue,
    StrategySpec,
    Tag,
    ThreatSpec,
)
from rft_core.spec.setting_paths import (
    PATH_SETTINGS,
    absolute_value,
    comparable_value,
    portable_value,
)
from rft_core.spec.spec_errors import translate, unknown_setting
from rft_core.spec.spec_json import from_json
from rft_core.units import PIXEL_LEVELS, format_epsilon


class RunSpec(Section):
    """Everything that decides a run's numbers. Equal specs on the same CPU give equal numbers."""

    name: Line = Field("", max_length=200, description="A name to find the run by.")
    notes: Paragraphs = Field("", max_length=20_000, description="Anything worth remembering.")
    tags: Annotated[tuple[Tag, ...], BeforeValidator(split_words)] = Field(
        (),
        max_length=50,
        description="Words to filter by.",
        examples=["first,lecture", '["first", "lecture"]'],
    )
    seed: int = Field(
        0, ge=0, le=2**31 - 1, description="All randomness of the run derives from it."
    )
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
            raise SettingErrorValue(
                "evaluation.epsilons",
                max(grid),
                "must stay in [0, 1] for norm 'linf'; write them as 8/255",
            )
        if grid and max(grid) > LARGEST_EPSILON_L2:
            raise SettingErrorValue(
                "evaluation.epsilons",
                max(grid),
                f"must stay in [0, {LARGEST_EPSILON_L2:g}] for norm 'l2'",
            )
        return self

    def to_json(self) -> str:
        """Return the complete spec as one JSON object, defaults included."""
        return self.model_dump_json(indent=2)


def parse(raw: Mapping[str, Any] | str) -> RunSpec:
    """Return the RunSpec in `raw` (a mapping, or JSON text); paths in it become absolute, seen
    from the current folder.

    Raises SettingError naming the first setting that is wrong, its value and what is allowed.
    """
    return absolute_spec(validate(from_json(raw) if isinstance(raw, str) else raw))


def with_settings(spec: RunSpec, settings: Mapping[str, Any]) -> RunSpec:
    """Return `spec` with dotted settings replaced, for example ``{"optim.epochs": 3,
    "threat.epsilon": "4/255"}``.

    Paths among `settings` become absolute, seen from the current folder; those of
    `spec` stay as they are.
    """
    raw = spec.model_dump()
    for name, value in settings.items():
        section, leaf = _locate(raw, name)
        section[leaf] = value
    return absolute_spec(validate(raw), [name for name in PATH_SETTINGS if name in settings])


def absolute_spec(spec: RunSpec, names: Iterable[str] = PATH_SETTINGS) -> RunSpec:
    """Return `spec` with the paths of the settings `names` absolute, seen
    from the current folder.
    """
    return _with_values(
        spec, {name: absolute_value(name, value) for name, value in _paths(spec, names).items()}
    )


def portable_spec(spec: RunSpec) -> RunSpec:
    """Return `spec` with this user's home folder written as ~ in its paths, for another machine or
    another person.
    """
    return _with_values(
        spec, {name: portable_value(name, value) for name, value in _paths(spec).items()}
    )


def path_settings(spec: RunSpec) -> dict[str, Any]:
    """Return dotted name -> value of the settings that may hold a path."""
    return _paths(spec)


def setting_names(model: type[BaseModel] = RunSpec, prefix: str = "") -> list[str]:
    """Return every dotted setting name, in the order of the form."""
    return list(fields_of(model, prefix))


def describe(name: str) -> str:
    """Return the one-line help of a dotted setting."""
    return fields_of(RunSpec)[name].description or ""


def differences(specs: list[RunSpec]) -> dict[str, list[Any]]:
    """Return only the settings whose values differ: dotted name -> one value a spec.

    Names, notes and tags are left out. Two ways to write one path do not count as a difference.
    """
    flat = [flatten(spec) for spec in specs]
    alike = [
        {name: comparable_value(name, value) for name, value in settings.items()}
        for settings in flat
    ]
    return {
        name: [settings[name] for settings in flat]
        for name in setting_names()
        if name not in ("name", "notes", "tags")
        and any(settings[name] != alike[0][name] for settings in alike)
    }


def flatten(spec: RunSpec) -> dict[str, Any]:
    """Return dotted name -> value."""
    raw = spec.model_dump()
    return {
        name: raw[name.split(".")[0]][name.split(".")[1]] if "." in name else raw[name]
        for name in setting_names()
    }


def spec_hash(spec: RunSpec) -> str:
    """Return a short hash of everything that decides the numbers (name, notes and tags do not; ~
    is the home folder).
    """
    raw = {
        name: value
        for name, value in flatten(portable_spec(spec)).items()
        if name not in ("name", "notes", "tags")
    }
    return hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()[:16]


def epsilon_grid(spec: RunSpec) -> tuple[float, ...]:
    """Return the epsilons of the final robustness curve: the given ones, or steps of 1/255
    (linf) or target/8 (l2).

    A given grid is sorted, and 0 is added where it is missing; `grid_note` says so.
    """
    if spec.evaluation.epsilons is not None:
        return tuple(sorted({0.0, *spec.evaluation.epsilons}))
    target = spec.threat.epsilon
    if target == 0:
        return (0.0,)
    count = max(1, math.ceil(round(target * PIXEL_LEVELS, 6))) if spec.threat.norm == "linf" else 8
    count = min(count, 32)
    # steps of a target near the smallest float may coincide
    return tuple(sorted({target * index / count for index in range(count + 1)}))


def grid_note(spec: RunSpec) -> str | None:
    """Return a note on what was corrected in the given epsilon grid, or None."""
    given = spec.evaluation.epsilons
    if given is None or given == epsilon_grid(spec):
        return None
    return (
        "evaluation.epsilons was not a rising grid from 0; measured at"
        f" {', '.join(format_epsilon(epsilon, spec.threat.norm) for epsilon in epsilon_grid(spec))}"
    )


def _paths(spec: RunSpec, names: Iterable[str] = PATH_SETTINGS) -> dict[str, Any]:
    return {name: getattr(getattr(spec, name.split(".")[0]), name.split(".")[1]) for name in names}


def _with_values(spec: RunSpec, values: Mapping[str, Any]) -> RunSpec:
    """Return `spec` with the dotted settings `values`; the same object where nothing changes."""
    raw, is_changed = spec.model_dump(), False
    for name, value in values.items():
        section, leaf = _locate(raw, name)
        is_changed |= section[leaf] != value
        section[leaf] = value
    return validate(raw) if is_changed else spec


def validate(raw: Any) -> RunSpec:
    """Return the RunSpec in plain data, its paths as they stand; raises as `parse`."""
    try:
        return RunSpec.model_validate(raw)
    except ValidationError as error:
        raise translate(error, fields_of(RunSpec)) from None


def _locate(raw: dict, name: str) -> tuple[dict, str]:
    if name not in setting_names():
        raise unknown_setting(name, setting_names())
    section, _, leaf = name.rpartition(".")
    return (raw[section], leaf) if section else (raw, leaf)
