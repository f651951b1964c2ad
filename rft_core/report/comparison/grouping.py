"""Runs in groups, by a setting that differs or by everything except the seed; distinct styles of
runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rft_core.errors import UserError
from rft_core.report.drawing.palette import RUN_COLOURS, RUN_DASHES, run_style
from rft_core.report.run.measurement_words import methods_apart
from rft_core.report.run.run_labels import distinct
from rft_core.spec.run_spec import differences
from rft_core.store.records import RunRecord
from rft_core.units import format_epsilon

SEEDS = "seeds"
# runs that differ in one of these are never averaged: the numbers of different tasks or
# targets have no common mean
APART = ("data.dataset", "threat.norm", "threat.epsilon")
LONGEST_LABEL = 48
# settings whose effect `methods_apart` describes
MEASURING = MappingProxyType(
    {
        "evaluation.attack": "attack",
        "evaluation.steps": "attack",
        "evaluation.relative_step_size": "attack",
        "evaluation.epsilons": "grid",
    }
)


@dataclass(frozen=True)
class Group:
    """Runs that share a line: the indices of its runs, and the settings (other than the seed) in
    which they still differ.
    """

    label: str
    positions: tuple[int, ...]
    mixed: tuple[str, ...] = ()


def grouping_choices(records: Sequence[RunRecord]) -> list[str]:
    """Return the ways to group these runs: "seeds" (same settings except the seed) if seeds differ,
    then each setting that differs.
    """
    differing = list(differences([record.spec for record in records])) if records else []
    return ([SEEDS] if "seed" in differing else []) + differing


def group_runs(records: Sequence[RunRecord], by: str) -> list[Group]:
    """Return the groups of `records` by `by` (one of `grouping_choices`), in the order of their
    first runs; each run is in one group.

    Runs on another dataset, norm or target epsilon, or measured by another attack or at
    other epsilons, are in another group, whatever `by` is. Groups by seed take the name that
    their runs share, if no two groups have the same; others are named by their values. Raises
    UserError for any other `by`.
    """
    if by not in grouping_choices(records):
        offered = ", ".join(grouping_choices(records)) or "nothing differs"
        raise UserError(
            f"these runs cannot be grouped by '{by}', in which they do not differ; choose one of:"
            f" {offered}"
        )
    settings = differences([record.spec for record in records])
    keyed = {
        name: values
        for name, values in settings.items()
        if (name != "seed" if by == SEEDS else name in (by, *APART))
    }
    keyed |= methods_apart(records)
    members_by_key: dict[tuple, list[int]] = {}
    for position in range(len(records)):
        members_by_key.setdefault(
            tuple(repr(values[position]) for values in keyed.values()), []
        ).append(position)
    names = [
        {records[position].name for position in members} for members in members_by_key.values()
    ]
    if (
        by == SEEDS
        and all(len(run_names) == 1 for run_names in names)
        and len(set.union(*names)) == len(names)
    ):
        labels = [run_names.pop() for run_names in names]
    else:
        labels = [
            _group_label(
                records[members[0]], {name: values[members[0]] for name, values in keyed.items()}
            )
            for members in members_by_key.values()
        ]
    return [
        Group(label, tuple(members), _mixed(records, members, by))
        for label, members in zip(distinct(labels), members_by_key.values())
    ]


def _mixed(records: Sequence[RunRecord], members: list[int], by: str) -> tuple[str, ...]:
    return tuple(
        name
        for name in differences([records[position].spec for position in members])
        if name not in ("seed", by)
    )


def _group_label(first: RunRecord, values: dict[str, Any]) -> str:
    """Return the values that define a group, or the name of its first run if they are too long."""
    shown = {name: value for name, value in values.items() if MEASURING.get(name) not in values}
    text = ", ".join(
        describe_value(name, value, first.spec.threat.norm) for name, value in shown.items()
    )
    return text if text and len(text) <= LONGEST_LABEL else f"as {first.name}"


def describe_value(name: str, value: Any, norm: str) -> str:
    """Return one setting in short: "two_hinge", "8/255", "epochs 4"."""
    if name == "threat.epsilon":
        return format_epsilon(value, norm)
    return (
        value
        if isinstance(value, str)
        else f"{name.rpartition('.')[2]} {'none' if value is None else value}"
    )


def distinct_styles(records: Sequence[RunRecord]) -> list[tuple[str, str]]:
    """Return one (colour, dash) per run: its own style, or the next free one if an earlier run has
    the same.
    """
    taken: list[tuple[str, str]] = []
    for record in records:
        number = record.number
        while (style := run_style(number)) in taken and len(taken) < len(RUN_COLOURS) * len(
            RUN_DASHES
        ):
            number += 1
        taken.append(style)
    return taken
