"""Lists of runs: search, filters, order and pages, all in the database.

A list reads neither specs nor reports nor events.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    case,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)

from rft_core.cost.run_cost import Pace
from rft_core.errors import UserError
from rft_core.metrics.measured_by import MeasuredBy, read_measured_by
from rft_core.spec.measured_by import final_measured_by
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import LONGEST_TAG, readable
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.records import MOVING, RunSummary
from rft_core.store.schema import runs, summaries

# earlier runs that an estimate may rest on
PACES = 20
PAGE_ROWS = 20
# "what stands in quotes", or a word
WORDS = re.compile(r'"([^"]+)"|([^\s"]+)')
# of a search, so that no address or field makes a query that the database refuses
MOST_WORDS, LONGEST_WORD = 50, 200

# how a list may be ordered; runs without the number come last, equal ones newest first
ORDERS: MappingProxyType[str, Callable[[], ColumnElement]] = MappingProxyType(
    {
        "newest": lambda: runs.c.created.desc(),
        "oldest": lambda: runs.c.created.asc(),
        "name": lambda: func.lower(runs.c.name).asc(),
        "status": lambda: runs.c.status.asc(),
        "clean": lambda: summaries.c.clean.desc().nulls_last(),
        "robust": lambda: summaries.c.robust.desc().nulls_last(),
        "expected": lambda: summaries.c.expected.desc().nulls_last(),
    }
)


@dataclass(frozen=True)
class Wanted:
    """Which runs a list shows. An empty part asks for nothing.

    All words of `text` (the first 50, 200 characters of each) must occur, in any order and case;
    words in double quotes must stand together. They are looked for in id, name, notes, tags and
    settings, which read "optim.epochs=16".
    """

    text: str = ""
    statuses: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    order: str = "newest"


@dataclass(frozen=True)
class Page:
    """One page of a list, and the number of runs on all its pages."""

    rows: tuple[RunSummary, ...]
    total: int


def list_summaries(engine: Engine, wanted: Wanted, limit: int = PAGE_ROWS, offset: int = 0) -> Page:
    """Return `limit` runs from place `offset` on, in one query. Deleted runs are left out."""
    own = [runs.c[name] for name in RunSummary.__dataclass_fields__ if name in runs.c]
    derived = [
        summaries.c[name]
        for name in RunSummary.__dataclass_fields__
        if name in summaries.c and name not in runs.c
    ]
    query = select(*own, *derived, func.count().over().label("total")).join(
        summaries, summaries.c.run_id == runs.c.run_id
    )
    query = (
        _filtered(query, wanted)
        .order_by(ORDERS[wanted.order](), runs.c.created.desc(), runs.c.number.desc())
        .limit(limit)
        .offset(offset)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return Page(tuple(_summary(row) for row in rows), rows[0].total if rows else 0)


def is_listed(engine: Engine, wanted: Wanted, run_id: str) -> bool:
    """Return whether the run `run_id` is among those that `wanted` asks for, on any page.

    A deleted run is not.
    """
    query = (
        select(runs.c.run_id)
        .join(summaries, summaries.c.run_id == runs.c.run_id)
        .where(runs.c.run_id == run_id)
    )
    with engine.connect() as connection:
        return connection.execute(_filtered(query, wanted)).first() is not None


def list_choices(engine: Engine) -> dict[str, tuple[str, ...]]:
    """Return the values that filters can offer: datasets, strategies, schedules and tags of the
    stored runs, sorted.
    """
    columns = {
        "datasets": summaries.c.dataset,
        "strategies": summaries.c.strategy,
        "schedules": summaries.c.schedule,
        "tags": summaries.c.tags,
    }
    parts = [
        select(literal(kind).label("kind"), column.label("value"))
        .join(runs, runs.c.run_id == summaries.c.run_id)
        .where(runs.c.deleted.is_(None))
        for kind, column in columns.items()
    ]
    found: dict[str, set[str]] = {kind: set() for kind in columns}
    with engine.connect() as connection:
        for kind, value in connection.execute(union(*parts)):
            found[kind].update(split_tags(value) if kind == "tags" else [value])
    return {kind: tuple(sorted(values)) for kind, values in found.items()}


def anything_moves(engine: Engine) -> bool:
    """Return whether a run is queued or at work."""
    query = (
        select(runs.c.run_id).where(runs.c.status.in_(MOVING), runs.c.deleted.is_(None)).limit(1)
    )
    with engine.connect() as connection:
        return connection.execute(query).first() is not None


def find_paces(engine: Engine, spec: RunSpec, host: str) -> list[Pace]:
    """Return the pace of finished runs on `host` with the backbone, size and device of `spec`: its
    strategy first, then the newest.

    Forks are left out: their time is that of a part.
    """
    query = select(runs.c.spec, runs.c.report, runs.c.name).join(
        summaries, runs.c.run_id == summaries.c.run_id
    )
    query = query.where(
        runs.c.status == "finished",
        runs.c.host == host,
        runs.c.parent.is_(None),
        summaries.c.rate.is_not(None),
        summaries.c.backbone == spec.model.backbone,
        summaries.c.image_size.is_not_distinct_from(spec.data.image_size),
        summaries.c.wanted_device == spec.runtime.device,
    )
    like = case((summaries.c.strategy == spec.strategy.kind, 0), else_=1)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(like, runs.c.created.desc()).limit(PACES)).all()
    return [_pace(parse_stored(row.spec), json.loads(row.report), row.name) for row in rows]


def _pace(spec: RunSpec, report: dict[str, Any], name: str) -> Pace:
    return Pace(
        spec, report["seconds"], report["gradient_evaluations"], f"the run '{name}' on this machine"
    )


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


def mend_summaries(connection: Connection) -> None:
    """Write the summaries that are behind."""
    for row in connection.execute(behind_summaries()).all():
        write_summary(connection, row.run_id, row.spec, row.report)


def split_tags(text: str) -> tuple[str, ...]:
    """Return the tags in a column `tags`."""
    return tuple(tag for tag in text.split("\n") if tag)


def _join_tags(tags: list[str]) -> str:
    return "".join(f"\n{' '.join(tag.split())}" for tag in tags) + "\n"


def _filtered(query: Select, wanted: Wanted) -> Select:
    query = query.where(runs.c.deleted.is_(None))
    for phrase, word in WORDS.findall(wanted.text.casefold())[:MOST_WORDS]:
        query = query.where(
            summaries.c.words.contains((phrase or word)[:LONGEST_WORD], autoescape=True)
        )
    menus = (
        (runs.c.status, wanted.statuses),
        (summaries.c.dataset, wanted.datasets),
        (summaries.c.strategy, wanted.strategies),
        (summaries.c.schedule, wanted.schedules),
    )
    for column, values in menus:
        if values:
            query = query.where(column.in_(values))
    if wanted.tags:
        possible = [tag for tag in wanted.tags if len(tag) <= LONGEST_TAG][:MOST_WORDS]
        query = query.where(
            or_(
                false(),
                *(
                    summaries.c.tags.contains(_join_tags([tag]), autoescape=True)
                    for tag in possible
                ),
            )
        )
    return query


def _summary(row: Row) -> RunSummary:
    values = row._mapping
    fields = {name: values[name] for name in RunSummary.__dataclass_fields__}
    # as the filters know them, they may hold what does not show
    words = {
        "dataset": readable(row.dataset),
        "backbone": readable(row.backbone),
        "tags": tuple(map(readable, split_tags(row.tags))),
    }
    return RunSummary(**fields | words | {"measured_by": _read_measured_by(row.measured_by)})


def _read_measured_by(text: str | None) -> MeasuredBy | None:
    try:
        return read_measured_by(json.loads(text or "null"))
    except ValueError:
        return None


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
        "tags": _join_tags(spec["tags"]),
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
    """Return what measured a report, as JSON; "null" where neither it nor the spec can say it, so
    that nobody looks again.
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
