"""Lists of runs: search, filters, order and pages, all in the database.

A list reads neither specs nor reports nor events.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import (
    ColumnElement,
    Engine,
    Row,
    Select,
    false,
    func,
    literal,
    or_,
    select,
    union,
)

from rft_core.metrics.measured_by import MeasuredBy, read_measured_by
from rft_core.spec.sections import LONGEST_TAG, readable
from rft_core.store.records import RunSummary
from rft_core.store.schema import runs, summaries
from rft_core.store.status import MOVING
from rft_core.store.summary_rows import join_tags, split_tags

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
    """Return `limit` runs after the first `offset`, in one query. Deleted runs are left out."""
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
                *(summaries.c.tags.contains(join_tags([tag]), autoescape=True) for tag in possible),
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
