"""A run's events with fewer training steps: for a file, or for a figure."""

from collections.abc import Sequence

from rft_core.store.events import Event


def thinned(events: Sequence[Event], most: int) -> list[Event]:
    """Return the events with at most about `most` training steps, the last one too,
    and everything else.
    """
    train = [event for event in events if event.kind == "train"]
    kept = {event.sequence for event in [*train[:: max(1, -(-len(train) // most))], *train[-1:]]}
    return [event for event in events if event.kind != "train" or event.sequence in kept]
