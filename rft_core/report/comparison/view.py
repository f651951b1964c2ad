"""What a comparison shows: the chosen runs as lines, their tables and pairs, for pages, terminal
and reports.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rft_core.errors import UnknownNameError, UserError
from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.pareto import hypervolume, hypervolume_interval
from rft_core.metrics.significance import mean_interval
from rft_core.report.comparison.bands import BANDS
from rft_core.report.comparison.compare import METRICS, Comparison, compare
from rft_core.report.comparison.grouping import Group, distinct_styles, group_runs
from rft_core.report.comparison.lines import AXES, PANELS, Line
from rft_core.report.comparison.pairs import Pair, read_verdicts
from rft_core.report.drawing.palette import run_style
from rft_core.report.run.history import RunHistory, tracked_by
from rft_core.report.run.measured_run import measured_method, measured_report
from rft_core.report.run.measurement_words import chips
from rft_core.report.run.run_labels import run_labels
from rft_core.store.records import RunRecord
from rft_core.units import format_epsilon


@dataclass(frozen=True)
class View:
    """The choices of a comparison. `group` is "" (each run alone), "seeds" or a setting; `baseline`
    is a run id, else the first run.
    """

    axis: str = "step"
    group: str = ""
    band: str = "deviation"
    baseline: str | None = None
    panels: tuple[str, ...] = ("clean", "robust")

    def __post_init__(self):
        for kind, value, allowed in (
            ("x axis", self.axis, AXES),
            ("band", self.band, BANDS),
            *(("panel", panel, PANELS) for panel in self.panels),
        ):
            if value not in allowed:
                raise UnknownNameError(kind, value, list(allowed))
        if not self.panels:
            raise UserError(f"a comparison needs at least one panel; choose of {', '.join(PANELS)}")


@dataclass(frozen=True)
class Content:
    """A comparison ready to be drawn: one label and history per run, one line per run or group;
    `left_out` are the runs outside their group's mean.
    """

    records: tuple[RunRecord, ...]
    labels: tuple[str, ...]
    histories: tuple[RunHistory, ...]
    view: View
    groups: tuple[Group, ...]
    lines: tuple[Line, ...]
    left_out: tuple[str, ...]
    comparison: Comparison
    pairs: tuple[Pair, ...] = ()

    @property
    def is_grouped(self) -> bool:
        """Whether lines stand for groups of runs."""
        return bool(self.view.group)

    @property
    def target(self) -> str:
        """The target epsilon, such as "8/255"; in words if the runs have different targets."""
        found = {
            format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)
            for record in self.records
        }
        return found.pop() if len(found) == 1 else "each run's own target"


def assemble(records: Sequence[RunRecord], histories: Sequence[RunHistory], view: View) -> Content:
    """Return what `view` shows of `records`, with their `histories` in the same order.

    Pairs are added by `with_pairs`.
    """
    labels = run_labels(records)
    groups = (
        group_runs(records, view.group)
        if view.group
        else [Group(label, (position,)) for position, label in enumerate(labels)]
    )
    kept = [_averaged(records, group) for group in groups]
    styles = (
        [run_style(position) for position in range(len(groups))]
        if view.group
        else distinct_styles(records)
    )
    lines = [
        _line(group, positions, records, histories, style, view.band)
        for group, positions, style in zip(groups, kept, styles)
    ]
    left_out = [
        labels[position]
        for group, positions in zip(groups, kept)
        for position in group.positions
        if position not in positions
    ]
    return Content(
        tuple(records),
        tuple(labels),
        tuple(histories),
        view,
        tuple(groups),
        tuple(lines),
        tuple(left_out),
        compare(list(records)),
    )


def with_pairs(content: Content, pairs: Sequence[Pair]) -> Content:
    """Return the comparison with `pairs` (of `pairs.pair_runs`), under the labels that distinguish
    runs of the same name.
    """
    labels = {record.run_id: label for record, label in zip(content.records, content.labels)}
    named = [
        replace(pair, name=labels[pair.run_id], baseline_name=labels[pair.baseline_id])
        for pair in pairs
    ]
    return replace(content, pairs=tuple(named))


def _averaged(records: Sequence[RunRecord], group: Group) -> tuple[int, ...]:
    """Return the indices of the runs in a group's mean: those with a report if there are any, so
    that an unfinished run does not shorten the line.
    """
    reported = tuple(position for position in group.positions if records[position].report)
    return reported or group.positions


def _line(
    group: Group,
    positions: tuple[int, ...],
    records: Sequence[RunRecord],
    histories: Sequence[RunHistory],
    style: tuple[str, str],
    band: str,
) -> Line:
    measured = [records[position] for position in positions if records[position].report]
    tracked = [tracked_by(records[position].spec, histories[position]) for position in positions]
    return Line(
        group.label,
        *style,
        tuple(histories[position] for position in positions),
        tuple(RobustnessCurve.from_points(measured_report(record)["curve"]) for record in measured),
        records[positions[0]].spec.threat.norm,
        band,
        measured_by=tuple(measured_method(record) for record in measured),
        tracked_by=tuple(method for method in tracked if method is not None),
    )


def pareto_rows(content: Content, runs_folder: Path) -> list[dict[str, Any]]:
    """Return one row per line: the area (fractions) of all models during training, and of the final
    models with its bootstrap interval.

    Keys: label, points, tracked_area (validation images), models, final_area, final_low,
    final_high (test images; None where the models were not measured on the same images, or
    their verdicts are gone).
    """
    rows = []
    for group, line in zip(content.groups, content.lines):
        tracked = line.tracked_points()
        row = {
            "label": line.label,
            "points": len(tracked),
            "tracked_area": hypervolume(tracked) if len(tracked) else None,
            "models": len(line.curves),
        }
        found = _final_area(
            [
                content.records[position]
                for position in group.positions
                if content.records[position].report
            ],
            runs_folder,
        )
        rows.append(row | dict(zip(("final_area", "final_low", "final_high"), found)))
    return rows


def _final_area(
    records: list[RunRecord], runs_folder: Path
) -> tuple[float | None, float | None, float | None]:
    if len({_task(record) for record in records}) != 1:
        return None, None, None
    verdicts = [read_verdicts(record, runs_folder) for record in records]
    if any(pair is None for pair in verdicts):
        return None, None, None
    clean, robust = (np.stack(column) for column in zip(*verdicts))
    found = hypervolume_interval(clean, robust, generator=np.random.default_rng(0))
    return found.value, found.low, found.high


def group_rows(content: Content) -> list[dict[str, Any]]:
    """Return one row per group: the number of measured `runs`, and for each metric the mean, s.d.
    and 95 % t interval over them, as fractions.

    `measured_by` says by which attack. Columns `<metric>`, `<metric>_deviation`, `<metric>_low`,
    `<metric>_high`. Also the difference from the baseline's group over the `shared_seeds` that both
    have, one run per seed: the same columns with `_gain`, None if fewer than two are shared.
    """
    base = next(
        (group for group in content.groups if _baseline_position(content) in group.positions),
        content.groups[0],
    )
    return [_group_row(content, group, base) for group in content.groups]


def _baseline_position(content: Content) -> int:
    ids = [record.run_id for record in content.records]
    return ids.index(content.view.baseline) if content.view.baseline in ids else 0


def _group_row(content: Content, group: Group, base: Group) -> dict[str, Any]:
    measured = [
        content.records[position]
        for position in group.positions
        if content.records[position].report
    ]
    shared = {} if group is base else _shared_seeds(content, group, base)
    row: dict[str, Any] = {
        "label": group.label,
        "runs": len(measured),
        "mixed": list(group.mixed),
        "shared_seeds": len(shared),
    }
    row["measured_by"] = chips(record.measured_by for record in measured)
    for metric in METRICS:
        row |= _mean_columns(metric, [measured_report(record)[metric] for record in measured])
        gains = [
            measured_report(run)[metric] - measured_report(reference)[metric]
            for run, reference in shared.values()
        ]
        row |= _mean_columns(f"{metric}_gain", gains if len(gains) > 1 else [])
    return row


def _mean_columns(name: str, values: list[float]) -> dict[str, float | None]:
    """Return the mean, s.d. and t interval of one value per run under their column names; None
    where there are too few values.
    """
    names = (name, f"{name}_deviation", f"{name}_low", f"{name}_high")
    if not values:
        return dict.fromkeys(names)
    found = mean_interval(values)
    spread = (found.deviation, found.low, found.high) if found.n > 1 else (None, None, None)
    return dict(zip(names, (found.mean, *spread)))


def _shared_seeds(
    content: Content, group: Group, base: Group
) -> dict[int, tuple[RunRecord, RunRecord]]:
    """Return seed -> (run of `group`, run of `base`) for seeds with exactly one measured run in
    each, measured by the same method on the same images.
    """

    def by_seed(members: Group) -> dict[int, RunRecord]:
        measured = [
            content.records[position]
            for position in members.positions
            if content.records[position].report
        ]
        seeds = [record.spec.seed for record in measured]
        return {
            record.spec.seed: record for record in measured if seeds.count(record.spec.seed) == 1
        }

    mine, theirs = by_seed(group), by_seed(base)
    return {
        seed: (mine[seed], theirs[seed])
        for seed in sorted(mine.keys() & theirs.keys())
        if _task(mine[seed]) == _task(theirs[seed])
    }


def _task(record: RunRecord) -> tuple:
    """Return what two measured runs must share to be subtracted: images, norm,
    largest epsilon and attack.
    """
    return (
        measured_report(record)["images_digest"],
        record.spec.threat.norm,
        measured_report(record)["curve"][-1]["epsilon"],
        measured_method(record).method,
    )
