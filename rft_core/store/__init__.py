"""The run store: runs and claims, events, artifacts. Loads no torch."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.store import status
    from rft_core.store.events import last_sequence, last_sequences, read_events
    from rft_core.store.forks import fork, fork_step
    from rft_core.store.queue import Waiting, find_waiting
    from rft_core.store.records import RunSummary
    from rft_core.store.run_store import UNDO_SECONDS, RunStore
    from rft_core.store.summaries import ORDERS, PAGE_ROWS, Wanted, is_listed, list_choices

__getattr__, __dir__, __all__ = lazy_door(__name__)
