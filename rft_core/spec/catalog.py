"""The menus as data.

Form, CLI, docs and tests read these rows; a new choice is one file and one row of its menu in
rft_core/spec/menus. Loads no torch.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, overload

from rft_core.errors import UnknownNameError
from rft_core.spec.choice import Choice
from rft_core.spec.menus.attacks import ATTACKS, AttackRow
from rft_core.spec.menus.backbones import BACKBONES, EMBEDDED, BackboneRow
from rft_core.spec.menus.dataset_row import DataLocation, DatasetRow
from rft_core.spec.menus.datasets import DATASETS
from rft_core.spec.menus.objectives import OBJECTIVES, ObjectiveRow
from rft_core.spec.menus.schedules import SCHEDULES, ScheduleRow
from rft_core.spec.menus.strategies import STRATEGIES, StrategyRow

EMBEDDED_BACKBONES = tuple(choice.name for choice in BACKBONES if choice.source == EMBEDDED)

MENUS: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "schedules": SCHEDULES,
        "strategies": STRATEGIES,
        "objectives": OBJECTIVES,
        "attacks": ATTACKS,
        "datasets": DATASETS,
        "backbones": BACKBONES,
    }
)


@overload
def choices(kind: Literal["schedules"]) -> tuple[ScheduleRow, ...]: ...
@overload
def choices(kind: Literal["strategies"]) -> tuple[StrategyRow, ...]: ...
@overload
def choices(kind: Literal["objectives"]) -> tuple[ObjectiveRow, ...]: ...
@overload
def choices(kind: Literal["attacks"]) -> tuple[AttackRow, ...]: ...
@overload
def choices(kind: Literal["datasets"]) -> tuple[DatasetRow, ...]: ...
@overload
def choices(kind: Literal["backbones"]) -> tuple[BackboneRow, ...]: ...
@overload
def choices(kind: str) -> tuple[Choice, ...]: ...
def choices(kind: str) -> tuple[Choice, ...]:
    """Return the rows of one menu: schedules, strategies, objectives, attacks, datasets or
    backbones.
    """
    if kind not in MENUS:
        raise UnknownNameError("menu", kind, list(MENUS))
    return MENUS[kind]


@overload
def find(kind: Literal["schedules"], name: str) -> ScheduleRow: ...
@overload
def find(kind: Literal["strategies"], name: str) -> StrategyRow: ...
@overload
def find(kind: Literal["objectives"], name: str) -> ObjectiveRow: ...
@overload
def find(kind: Literal["attacks"], name: str) -> AttackRow: ...
@overload
def find(kind: Literal["datasets"], name: str) -> DatasetRow: ...
@overload
def find(kind: Literal["backbones"], name: str) -> BackboneRow: ...
@overload
def find(kind: str, name: str) -> Choice: ...
def find(kind: str, name: str) -> Choice:
    """Return the row `name` of menu `kind`; an unknown name raises with the nearest one."""
    for choice in choices(kind):
        if choice.name == name:
            return choice
    raise UnknownNameError(
        kind.rstrip("s").replace("strategie", "strategy"),
        name,
        [choice.name for choice in choices(kind)],
    )


def locations() -> dict[str, DataLocation]:
    """Return scheme -> how such data are asked for, for datasets that are named by a scheme and a
    path or name.
    """
    return {row.name: row.location for row in choices("datasets") if row.location is not None}


def dataset_row(dataset: str) -> DatasetRow:
    """Return the row of `dataset` as data.dataset names it: by a name of the menu, or by a scheme
    and a path or name. An unknown name or scheme raises.
    """
    return find("datasets", dataset.partition(":")[0])


def settings_of_methods() -> tuple[str, ...]:
    """Return the dotted settings that count for some strategy, objective or schedule alone."""
    rows: tuple[StrategyRow | ObjectiveRow | ScheduleRow, ...] = (
        *choices("strategies"),
        *choices("objectives"),
        *choices("schedules"),
    )
    return tuple(dict.fromkeys(setting for row in rows for setting in row.settings))
