"""The status of a run as one table: what can happen to a run, and which status it has then.

queued -> running -> finished | failed | stopped | paused | lost, with stopping while a request is
on its way. Nothing here reads or writes; the store, the worker and the pages all ask this table.
"""

from types import MappingProxyType

ACTIVE = ("running", "stopping")
# something will happen to these by itself
MOVING = ("queued", *ACTIVE)
STATUSES = (*MOVING, "paused", "stopped", "finished", "failed", "lost")

# what a person asks for
STOP, PAUSE, RESUME = "ask to stop", "ask to pause", "resume"
# these leave the status as it is; a process at work must not lose its files or its data
DISCARD, RELOCATE = "discard", "relocate"
# what a worker does
CLAIM = "claim"
# the command that reserved a queued run for itself has ended
ABANDON = "abandon"
# how the work of a process ended, by the status that it leaves
ENDS = MappingProxyType(
    {status: f"end {status}" for status in ("finished", "failed", "stopped", "paused", "lost")}
)

_IDLE = tuple(status for status in STATUSES if status not in ACTIVE)
# the process of a run that was taken for lost may live, and hand in its end although a person
# asked for something since then
_MAY_END = (*MOVING, "lost", "paused", "stopped")


def _end(status: str, before: tuple[str, ...]) -> dict[str, str]:
    # the same end may be written twice, after a try that a busy store did not confirm
    return dict.fromkeys((*before, status), status)


TRANSITIONS: MappingProxyType[str, MappingProxyType[str, str]] = MappingProxyType(
    {
        CLAIM: MappingProxyType({"queued": "running"}),
        ABANDON: MappingProxyType({"queued": "stopped"}),
        STOP: MappingProxyType(
            {
                "queued": "stopped",
                "running": "stopping",
                "stopping": "stopping",
                "paused": "stopped",
                "lost": "stopped",
            }
        ),
        PAUSE: MappingProxyType(
            {
                "queued": "paused",
                "running": "stopping",
                "stopping": "stopping",
                "lost": "paused",
            }
        ),
        RESUME: MappingProxyType(
            dict.fromkeys(("paused", "stopped", "lost", "failed"), "queued"),
        ),
        DISCARD: MappingProxyType({status: status for status in _IDLE}),
        RELOCATE: MappingProxyType({status: status for status in _IDLE}),
        ENDS["finished"]: MappingProxyType(_end("finished", _MAY_END)),
        ENDS["failed"]: MappingProxyType(_end("failed", _MAY_END)),
        ENDS["stopped"]: MappingProxyType(_end("stopped", _MAY_END)),
        ENDS["paused"]: MappingProxyType(_end("paused", (*MOVING, "lost"))),
        ENDS["lost"]: MappingProxyType(_end("lost", ACTIVE)),
    }
)


def next_status(status: str, event: str) -> str | None:
    """Return the status of a run of `status` once `event` has happened; None where it cannot.

    An event that is not in the table raises KeyError.
    """
    return TRANSITIONS[event].get(status)


def statuses_before(event: str) -> tuple[str, ...]:
    """Return the statuses in which `event` can happen."""
    return tuple(TRANSITIONS[event])


def is_offered(status: str, event: str) -> bool:
    """Return whether a page offers `event` to a person.

    Stop and pause are offered while there is something ahead, not for what stands still or has been
    asked already.
    """
    if event in (STOP, PAUSE) and status not in ("queued", "running"):
        return False
    return next_status(status, event) is not None


def resumable_words() -> str:
    """Return "paused, stopped, lost or failed"."""
    *others, last = statuses_before(RESUME)
    return f"{', '.join(others)} or {last}"
