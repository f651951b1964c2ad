"""Find stored runs: one by its id or the beginning of it, many by their status."""

from sqlalchemy import Connection, Engine, Row, select

from rft_core.errors import StoreError, UnknownNameError, printable
from rft_core.store.discards import UNDO_SECONDS
from rft_core.store.records import RunRecord, as_record
from rft_core.store.schema import LONGEST_ID, runs

# ids that a message about an unknown one may suggest
MOST_NAMES = 50


def find_run(engine: Engine, run_id: str) -> RunRecord:
    """Return one run, by id or by an unambiguous beginning of it; an unknown
    or deleted one raises.
    """
    # a terminal of another encoding hands over bytes that no database takes
    run_id = run_id.encode(errors="replace").decode()
    with engine.connect() as connection:
        row = connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
        if row is not None and row.deleted is not None:
            raise StoreError(
                f"run {run_id} was deleted; the Runs page can bring it back for"
                f" {UNDO_SECONDS / 60:.0f} minutes"
            )
        if row is None:
            row = _by_prefix(connection, run_id)
    return as_record(row)


def _by_prefix(connection: Connection, run_id: str) -> Row:
    shown = runs.c.deleted.is_(None)
    begins = runs.c.run_id.startswith(run_id, autoescape=True)
    matches = (
        connection.execute(select(runs).where(begins, shown).limit(2)).all()
        if 0 < len(run_id) <= LONGEST_ID
        else []
    )
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise StoreError(f"'{run_id}' is the beginning of several runs; write more of it")
    newest = select(runs.c.run_id).where(shown).order_by(runs.c.created.desc()).limit(MOST_NAMES)
    names = list(connection.execute(newest).scalars())
    if not names:
        raise StoreError(
            f"there is no run '{printable(run_id)}': no run is stored yet; launch one with"
            " `run` or `submit`"
        )
    raise UnknownNameError("run", run_id, names)


def list_records(
    engine: Engine, statuses: tuple[str, ...] | None = None, limit: int = 500
) -> list[RunRecord]:
    """Return complete runs, newest first; deleted ones are left out."""
    query = (
        select(runs).where(runs.c.deleted.is_(None)).order_by(runs.c.created.desc()).limit(limit)
    )
    if statuses is not None:
        query = query.where(runs.c.status.in_(statuses))
    with engine.connect() as connection:
        return [as_record(row) for row in connection.execute(query)]
