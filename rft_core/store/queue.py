"""The queue as a waiting run sees it: its position, and the runs at work."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from rft_core.store.schema import runs
from rft_core.store.status import ACTIVE


@dataclass(frozen=True)
class Waiting:
    """What a queued run waits for: its position in the queue, 1 for the next to start, and the
    names of the runs at work, the first begun first.
    """

    position: int
    at_work: tuple[str, ...]


def find_waiting(engine: Engine, run_id: str) -> Waiting | None:
    """Return what the run `run_id` waits for, or None where it is not queued.

    The run created first starts first.
    """
    with engine.connect() as connection:
        own = connection.execute(
            select(runs.c.created, runs.c.number).where(
                runs.c.run_id == run_id, runs.c.status == "queued"
            )
        ).first()
        if own is None:
            return None
        earlier = (runs.c.created < own.created) | (
            (runs.c.created == own.created) & (runs.c.number < own.number)
        )
        ahead = connection.execute(
            select(func.count())
            .select_from(runs)
            .where(runs.c.status == "queued", runs.c.deleted.is_(None), earlier)
        ).scalar_one()
        at_work = (
            connection.execute(
                select(runs.c.name).where(runs.c.status.in_(ACTIVE)).order_by(runs.c.started)
            )
            .scalars()
            .all()
        )
    return Waiting(ahead + 1, tuple(at_work))


def pick_device(wanted: str, devices: tuple[str, ...], busy: set[str]) -> str | None:
    """Return the device of `devices` that a run which wants `wanted` may have now,
    None where it must wait.
    """
    if wanted == "auto":
        # the accelerator when there is one, also when it must be waited for: a CPU
        # would take longer still
        wishes = [device for device in devices if device != "cpu"] or ["cpu"]
    else:
        wishes = [
            device
            for device in devices
            if device == wanted or (wanted == "cuda" and device.startswith("cuda"))
        ]
    return next((device for device in wishes if device not in busy), None)
