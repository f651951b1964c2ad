"""How a run's status is shown: a chip, its reason, its pace and its memory."""

import numpy as np
import streamlit as st

from pages.ui.shared.frame import plain
from pages.ui.shared.session import store
from rft_core import RunRecord, format_duration, report, units
from rft_core import store as run_store

CHIPS = {
    "queued": ("gray", ":material/schedule:", "waits for the device"),
    "running": ("blue", ":material/play_circle:", "training"),
    "stopping": (
        "orange",
        ":material/stop_circle:",
        "finishes its step, measures and keeps what it has",
    ),
    "paused": ("violet", ":material/pause_circle:", "resume it to go on"),
    "stopped": ("orange", ":material/stop_circle:", "ended early by request"),
    "finished": ("green", ":material/check_circle:", "done"),
    "failed": ("red", ":material/error:", "the reason stands below"),
    "lost": (
        "red",
        ":material/help:",
        "its process is gone; resume it to go on from its last checkpoint",
    ),
}
WAYS_OUT = {
    "failed": (
        "What it printed is in the log below. Resume goes on from the last checkpoint; Duplicate"
        " starts anew with other settings."
    ),
    "lost": "What it printed last is in the log below.",
}


def show_chip(record: RunRecord) -> None:
    """Draw the status as a chip; what it means is on hover."""
    colour, icon, meaning = CHIPS[record.status]
    st.badge(record.status, icon=icon, color=colour, help=meaning)


def show_status(record: RunRecord, past: report.run.RunHistory) -> None:
    """Say why a run is in its state and when it was last heard of, how fast it is, and how far."""
    heard = (
        f"last heartbeat {format_duration(record.heartbeat_age)} ago" if record.is_active else ""
    )
    reason = "" if record.status in WAYS_OUT else plain(record.reason)
    waits = (
        plain(waiting_text(run_store.find_waiting(store().engine, record.run_id)))
        if record.status == "queued"
        else ""
    )
    st.caption(
        " · ".join(
            part
            for part in (
                waits,
                reason,
                heard,
                f"on {plain(record.device)}" if record.device else "",
                *usage(past),
                record.run_id,
            )
            if part
        )
    )
    if record.status in WAYS_OUT:
        st.error(
            f"{plain(record.reason) or 'no reason is known'}\n\n{WAYS_OUT[record.status]}",
            icon=CHIPS[record.status][1],
        )
    if past.fault:
        st.warning(plain(past.fault), icon=":material/broken_image:")
    if record.is_active or record.status in ("queued", "paused"):
        st.progress(record.progress, text=progress_text(record, past))


def waiting_text(waiting: run_store.Waiting | None) -> str:
    """Say which place a queued run has, and behind which run at work; "" where it waits no more."""
    if waiting is None:
        return ""
    position = f"{units.ordinal(waiting.position)} in the queue"
    if not waiting.at_work:
        return position
    count = len(waiting.at_work)
    return f"{position}, behind {waiting.at_work[0] if count == 1 else f'{count} runs at work'}"


def progress_text(record: RunRecord, past: report.run.RunHistory) -> str:
    """Say how far a run is, and for one at work how long it still needs."""
    if not record.is_active:
        return (
            f"step {record.step} of {record.total_steps or '?'}" if record.step else "not started"
        )
    if not record.total_steps:
        return "loading data and model"
    if record.step >= record.total_steps:
        return f"step {record.step} of {record.total_steps}; measuring on the test images"
    left = time_left(record, past)
    return f"step {record.step} of {record.total_steps}; " + (
        f"about {format_duration(left)} left" if left is not None else "time left not known yet"
    )


def time_left(record: RunRecord, past: report.run.RunHistory) -> float | None:
    """Return the seconds that training still needs at its newest pace, or
    None before it has one.
    """
    if not record.total_steps or past.pace is None:
        return None
    return max(0.0, past.pace * (record.total_steps - record.step))


def usage(past: report.run.RunHistory) -> list[str]:
    """Say how fast a run trains and how much memory it took, as far as it reported that."""
    newest = {
        name: past.training[name][-1]
        for name in ("images_per_second", "device_memory_mib", "process_memory_mib")
        if len(past.training[name])
    }
    known = {name: value for name, value in newest.items() if np.isfinite(value)}
    said = (
        [f"{known['images_per_second']:,.0f} images a second"]
        if "images_per_second" in known
        else []
    )
    # on a GPU its own memory is what runs out; on a CPU that of the process
    for name, what in (("device_memory_mib", "GPU memory"), ("process_memory_mib", "memory")):
        if name in known:
            return [*said, f"{known[name] / 1024:.1f} GiB of {what} at most"]
    return said
