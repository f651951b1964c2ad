"""The summary of a run: what lists show and filter by, derived from its spec and report."""

import json
from typing import Any

from sqlalchemy import Connection, Select, insert, or_, select, update

from rft_core.errors import UserError
from rft_core.spec.measured_by import final_measured_by
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.schema import runs, summaries


def write_summary(
    connection: Connection, run_id: str, spec: str, report: str | None = None
) -> None:
    """Write the summary of a run anew from its stored spec and report (JSON texts)."""
    measured = json.loads(report) if report else {}
    values = _of_spec(run_id, json.loads(spec)) | _of_report(measured)
    values |= {"measured_by": _measured_by(spec, measured)}
    if (
        connection.execute(
            update(summaries).where(summaries.c.run_id == run_id).values(**values)
        ).rowcount
        == 0
    ):
        connection.execute(insert(summaries).values(run_id=run_id, **values))


def behind_summaries() -> Select:
    """Return the query for runs whose summary is missing, older than their report or without what
    measured it, as programs of earlier schemas leave them.
    """
    no_numbers = runs.c.report.is_not(None) & summaries.c.clean.is_(None)
    no_label = summaries.c.robust.is_not(None) & summaries.c.measured_by.is_(None)
    behind = or_(summaries.c.run_id.is_(None), no_numbers, no_label)
    return (
        select(runs.c.run_id, runs.c.spec, runs.c.report)
        .outerjoin(summaries, summaries.c.run_id == runs.c.run_id)
        .where(behind)
    )


def repair_summaries(connection: Connection) -> None:
    """Write the summaries that are behind."""
    for row in connection.execute(behind_summaries()).all():
        write_summary(connection, row.run_id, row.spec, row.report)


def summarise(connection: Connection, run_id: str) -> None:
    """Write the summary of a stored run anew; none where there is no such run."""
    row = connection.execute(
        select(runs.c.spec, runs.c.report).where(runs.c.run_id == run_id)
    ).first()
    if row is not None:
        write_summary(connection, run_id, row.spec, row.report)


def split_tags(text: str) -> tuple[str, ...]:
    """Return the tags in a column `tags`."""
    return tuple(tag for tag in text.split("\n") if tag)


def join_tags(tags: list[str]) -> str:
    """Return what a column `tags` holds of `tags`: one a line, each between two line ends."""
    return "".join(f"\n{' '.join(tag.split())}" for tag in tags) + "\n"


def _of_spec(run_id: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "backbone": spec["model"]["backbone"],
        "dataset": spec["data"]["dataset"],
        "strategy": spec["strategy"]["kind"],
        "objective": spec["objective"]["kind"],
        "schedule": spec["schedule"]["kind"],
        "norm": spec["threat"]["norm"],
        "epsilon": spec["threat"]["epsilon"],
        "seed": spec["seed"],
        "image_size": spec["data"]["image_size"],
        "wanted_device": spec["runtime"]["device"],
        "tags": join_tags(spec["tags"]),
        "words": "\n".join([run_id, *_words(spec)]).casefold(),
    }


def _words(part: dict[str, Any], prefix: str = "") -> list[str]:
    """Return one line a setting; name, notes and tags as they are."""
    lines = []
    for name, value in part.items():
        if isinstance(value, dict):
            lines += _words(value, f"{prefix}{name}.")
        elif name in ("name", "notes"):
            lines.append(value)
        else:
            lines.append(" ".join(value) if name == "tags" else f"{prefix}{name}={value}")
    return lines


def _measured_by(spec: str, report: dict[str, Any]) -> str | None:
    """Return what measured a report, as JSON; "null" where neither it nor the spec says so, so that
    it is not looked for again.
    """
    if not report:
        return None
    try:
        found = final_measured_by(parse_stored(spec), report)
    except (UserError, LookupError, TypeError, ValueError, AttributeError):
        found = None
    return json.dumps(found.as_dict() if found else None)


def _of_report(report: dict[str, Any]) -> dict[str, float | None]:
    seconds, spent = report.get("seconds"), report.get("gradient_evaluations")
    return {
        "clean": report.get("clean_accuracy"),
        "robust": report.get("robust_accuracy"),
        "expected": report.get("expected_robustness"),
        "rate": spent / seconds if seconds and spent else None,
    }
