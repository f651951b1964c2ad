"""The tables of a comparison as text: one dict per row, the same on the page and in the report."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from rft_core.report.comparison.pairs import PAIRED_METRICS, Pair
from rft_core.report.comparison.sentences import METRIC_NAMES
from rft_core.report.comparison.view import METRICS, Content, group_rows
from rft_core.report.run.measurement_words import MEASURED_BY
from rft_core.spec.run_spec import flatten
from rft_core.store.records import RunRecord
from rft_core.units import format_duration, format_epsilon, format_percent

NOTHING, LOST = "–", "Lost against standard"
SHIFTS = MappingProxyType({"domain_mean": "Other domains", "corruption_mean": "Corruptions"})


def number_rows(content: Content) -> list[dict[str, str]]:
    """Return the numbers of each run, accuracies with their 95 % intervals in percent."""
    rows = [
        _numbers(label, record, row)
        for label, record, row in zip(content.labels, content.records, content.comparison.rows)
    ]
    # columns that are left out if no run has a value
    empty = {name for name in (LOST, *SHIFTS.values()) if all(row[name] == NOTHING for row in rows)}
    return [{name: value for name, value in row.items() if name not in empty} for row in rows]


def _numbers(label: str, record: RunRecord, row: dict[str, Any]) -> dict[str, str]:
    adapted = (
        "never"
        if row["onset_step"] is None
        else f"step {row['onset_step']:,} (epoch {row['onset_epoch']:.1f})"
    )
    return {
        "Run": label,
        "Status": row["status"],
        "Target": (
            format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)
            + ("" if record.spec.threat.norm == "linf" else f" ({record.spec.threat.norm})")
        ),
        "Clean": _with_interval(record, 0),
        "Robust at target": _with_interval(record, -1),
        "Expected robustness": format_percent(row["expected_robustness"]),
        **{
            label: NOTHING if row[name] is None else format_percent(row[name])
            for name, label in SHIFTS.items()
        },
        "Adapts at": adapted if record.report else NOTHING,
        LOST: _lost(row),
        "Gradient evaluations": (
            f"{row['gradient_evaluations'] / 1000:,.0f} k"
            if row["gradient_evaluations"]
            else NOTHING
        ),
        "Time": format_duration(row["seconds"]) if row["seconds"] else NOTHING,
        MEASURED_BY: record.measured_by.short if record.measured_by else NOTHING,
        "Test images": f"{row['n']:,}" if row["n"] else NOTHING,
    }


def _with_interval(record: RunRecord, index: int) -> str:
    if not record.report:
        return NOTHING
    point = record.report["curve"][index]
    return (
        f"{format_percent(point['accuracy'])} ({100 * point['low']:.1f} to"
        f" {100 * point['high']:.1f})"
    )


def _lost(row: dict[str, Any]) -> str:
    """Return how much clean accuracy a run lost against the standard run of this comparison, and
    the name for it.
    """
    if row["transfer_gap"] is None:
        return NOTHING
    name = (
        "transfer failure"
        if row["transfer_failure"]
        else "suboptimal transfer"
        if row["suboptimal_transfer"]
        else ""
    )
    return f"{100 * row['transfer_gap']:.1f} points" + (f", {name}" if name else "")


def difference_rows(content: Content) -> list[dict[str, str]]:
    """Return one row for each run except the baseline: run minus baseline in points with 95 %
    intervals, and how it was compared.
    """
    rows = []
    for run_id in dict.fromkeys(pair.run_id for pair in content.pairs):
        pairs = {pair.metric: pair for pair in content.pairs if pair.run_id == run_id}
        row = {"Run": pairs["clean"].name} | {
            METRIC_NAMES[metric]: _difference(pairs[metric]) for metric in PAIRED_METRICS
        }
        by = next((pair.measured_by for pair in pairs.values() if pair.measured_by), NOTHING)
        images = str(pairs["clean"].n or NOTHING)
        rows.append(
            row | {MEASURED_BY: by, "Images": images, "Compared": _how(list(pairs.values()))}
        )
    return rows


def _difference(pair: Pair) -> str:
    if pair.interval is None:
        return NOTHING
    difference, low, high = pair.interval
    where = f" {pair.where}" if pair.metric == "robust" else ""
    luck = "" if pair.is_significant else ", could be luck"
    return f"{100 * difference:+.1f} ({100 * low:.1f} to {100 * high:.1f}){where}{luck}"


def _how(pairs: Sequence[Pair]) -> str:
    reasons = list(dict.fromkeys(pair.reason for pair in pairs if pair.reason))
    if not reasons:
        return "image by image"
    if all(pair.difference is None for pair in pairs):
        return "not compared: " + "; ".join(reasons)
    return (
        "partly image by image; " if any(pair.is_paired for pair in pairs) else "unpaired: "
    ) + "; ".join(reasons)


def group_table(content: Content) -> list[dict[str, str]]:
    """Return one row per group: means ± s.d. with the 95 % t interval over its runs, and the
    differences from the baseline's group by seed.
    """
    rows = []
    for found in group_rows(content):
        row = {
            "Group": found["label"],
            "Runs": str(found["runs"]),
            MEASURED_BY: found["measured_by"] or NOTHING,
        }
        for metric, name in zip(METRICS, METRIC_NAMES.values()):
            row[name] = _mean(found, metric)
        for metric, name in zip(METRICS, METRIC_NAMES.values()):
            row[f"{name}, against baseline"] = _gain(found, f"{metric}_gain")
        rows.append(row | {"Shared seeds": str(found["shared_seeds"] or NOTHING)})
    return rows


def _mean(row: dict[str, Any], metric: str) -> str:
    if row[metric] is None:
        return NOTHING
    if row[f"{metric}_low"] is None:
        return format_percent(row[metric])
    return (
        f"{100 * row[metric]:.1f} ± {100 * row[f'{metric}_deviation']:.1f} %"
        f" ({100 * row[f'{metric}_low']:.1f} to {100 * row[f'{metric}_high']:.1f})"
    )


def _gain(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return NOTHING
    return (
        f"{100 * row[name]:+.1f} ({100 * row[f'{name}_low']:.1f} to"
        f" {100 * row[f'{name}_high']:.1f})"
    )


def area_table(areas: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the rows of `view.pareto_rows` as text, areas in percent of the unit square."""
    return [
        {
            "Line": row["label"],
            "Area while training": format_percent(row["tracked_area"]),
            "Points": str(row["points"]),
            "Area of final models": (
                NOTHING
                if row["final_area"] is None
                else (
                    f"{format_percent(row['final_area'])} ({100 * row['final_low']:.1f} to"
                    f" {100 * row['final_high']:.1f})"
                )
            ),
            "Models": str(row["models"]),
        }
        for row in areas
    ]


def differing_rows(content: Content) -> list[dict[str, str]]:
    """Return one row per setting that differs, one column per run."""
    return [
        {"Setting": name} | dict(zip(content.labels, _values(content, name, values)))
        for name, values in content.comparison.settings.items()
    ]


def _values(content: Content, name: str, values: Sequence[Any]) -> list[str]:
    if name == "threat.epsilon":
        return [
            format_epsilon(value, record.spec.threat.norm)
            for value, record in zip(values, content.records)
        ]
    return [say_value(value) for value in values]


def common_rows(content: Content) -> list[dict[str, str]]:
    """Return one row per setting that all runs share."""
    shared = flatten(content.records[0].spec)
    skipped = {"name", "notes", "tags", *content.comparison.settings}
    return [
        {"Setting": name, "Value": _values(content, name, [value])[0]}
        for name, value in shared.items()
        if name not in skipped
    ]


def say_value(value: Any) -> str:
    """Return one setting's value as text."""
    return NOTHING if value is None or value == () else str(value)
