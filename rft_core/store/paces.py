"""How long earlier runs took, for the estimate of a new one."""

import json
from typing import Any

from sqlalchemy import Engine, case, select

from rft_core.cost.run_cost import Pace
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.schema import runs, summaries

# earlier runs that an estimate may rest on
PACES = 20


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
