"""Runs whose time is up: a viewer's run may take as long as the limit under
which it was launched.
"""

import logging
import time
from dataclasses import replace

from rft_core.errors import StoreError, UnknownNameError
from rft_core.store.launches import read_launch, write_launch
from rft_core.store.run_store import RunStore
from rft_core.units import format_duration

log = logging.getLogger(__name__)


def stop_overdue(store: RunStore) -> list[str]:
    """Ask every run at work whose minutes are spent to stop; return their ids.

    It keeps its checkpoint, measures and ends as "stopped".
    """
    stopped = []
    for record in store.records(("running",)):
        folder = store.home.run_folder(record.run_id)
        launch = read_launch(folder)
        if (
            launch is None
            or launch.minutes is None
            or launch.is_spent
            or time.time() - (record.started or time.time()) <= 60 * launch.minutes
        ):
            continue
        log.info("run %s has spent its %s", record.run_id, format_duration(60 * launch.minutes))
        try:
            write_launch(folder, replace(launch, is_spent=True))
            store.request(record.run_id, "stop")
        except (StoreError, UnknownNameError):
            # it ended, or was deleted, at this very moment
            continue
        except OSError as error:
            # the worker goes on with the others, and asks again
            log.warning("run %s cannot be stopped: %s", record.run_id, error)
            continue
        stopped.append(record.run_id)
    return stopped


def spent_reason(store: RunStore, run_id: str) -> str:
    """Return why a run that spent its minutes was stopped, naming the limit;
    empty for any other run.
    """
    launch = read_launch(store.home.run_folder(run_id))
    # a launch without a limit cannot be spent; a damaged file may say so
    if launch is None or not launch.is_spent or launch.minutes is None:
        return ""
    limit = format_duration(60 * launch.minutes)
    return (
        f"stopped by the limit of {limit} a run (--limit-minutes); its checkpoint is kept, ask the"
        " instructor to resume it"
    )
